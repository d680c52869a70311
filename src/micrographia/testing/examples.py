"""Small inputs that many tests share."""

from micrographia.examine import Given

HOOKE = Given(title="Cork under the microscope", authors=("Hooke, Robert",))
