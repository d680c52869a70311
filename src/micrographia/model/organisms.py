"""Species that are imaged often, with their identifiers in the NCBI Taxonomy: help for whoever fills in a sheet, no limit to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Species:
    """A species of the table."""

    name: str
    """Scientific name."""
    taxonomy: int
    """NCBI Taxonomy id."""
    common: str = ""
    """Common name or abbreviation."""


def find_species(text: str, *, limit: int = 12) -> list[Species]:
    """Return the species whose names hold a word that begins like `text`, those whose own name begins so first."""
    wanted = text.casefold().strip()
    if not wanted:
        return []
    found = [s for s in species() if any(f" {wanted}" in f" {name.casefold()}" for name in (s.name, s.common))]
    return sorted(found, key=lambda s: (not s.name.casefold().startswith(wanted), not s.common.casefold().startswith(wanted), s.name))[
        :limit
    ]


@cache
def species() -> tuple[Species, ...]:
    """Return the whole table."""
    parts = (line.split("|") for line in _TABLE.strip().splitlines())
    return tuple(Species(name.strip(), int(taxonomy), common.strip()) for taxonomy, name, common in parts)


# NCBI Taxonomy (Schoch et al. 2020, Database, baaa062): id | scientific name | common name
_TABLE = """
9606|Homo sapiens|human
10090|Mus musculus|mouse
10116|Rattus norvegicus|rat
9986|Oryctolagus cuniculus|rabbit
9913|Bos taurus|cattle
9823|Sus scrofa|pig
9940|Ovis aries|sheep
9796|Equus caballus|horse
9615|Canis lupus familiaris|dog
9685|Felis catus|cat
9544|Macaca mulatta|rhesus macaque
9534|Chlorocebus aethiops|grivet, Vero cells
60711|Chlorocebus sabaeus|green monkey, Vero cells
10029|Cricetulus griseus|Chinese hamster, CHO cells
10036|Mesocricetus auratus|golden hamster
10141|Cavia porcellus|guinea pig
9031|Gallus gallus|chicken
8355|Xenopus laevis|African clawed frog
8364|Xenopus tropicalis|western clawed frog
8296|Ambystoma mexicanum|axolotl
7955|Danio rerio|zebrafish
8090|Oryzias latipes|medaka
7787|Tetronarce californica|Pacific electric ray, Torpedo
7668|Strongylocentrotus purpuratus|purple sea urchin
7719|Ciona intestinalis|sea squirt
7227|Drosophila melanogaster|fruit fly
7460|Apis mellifera|honey bee
7070|Tribolium castaneum|red flour beetle
7159|Aedes aegypti|yellow fever mosquito
7165|Anopheles gambiae|malaria mosquito
7108|Spodoptera frugiperda|fall armyworm, Sf9 cells
7111|Trichoplusia ni|cabbage looper, High Five cells
6239|Caenorhabditis elegans|nematode worm
6359|Platynereis dumerilii|ragworm
45351|Nematostella vectensis|starlet sea anemone
6087|Hydra vulgaris|hydra
3702|Arabidopsis thaliana|thale cress
4097|Nicotiana tabacum|tobacco
4081|Solanum lycopersicum|tomato
4530|Oryza sativa|rice
4577|Zea mays|maize
4565|Triticum aestivum|bread wheat
3562|Spinacia oleracea|spinach
3888|Pisum sativum|pea
3880|Medicago truncatula|barrel medic
3218|Physcomitrium patens|moss
3197|Marchantia polymorpha|liverwort
58331|Quercus suber|cork oak
3055|Chlamydomonas reinhardtii|green alga
2850|Phaeodactylum tricornutum|diatom
3039|Euglena gracilis|euglena
4932|Saccharomyces cerevisiae|baker's yeast
559292|Saccharomyces cerevisiae S288C|baker's yeast
4896|Schizosaccharomyces pombe|fission yeast
28985|Kluyveromyces lactis|yeast
4922|Komagataella pastoris|Pichia pastoris
5476|Candida albicans|yeast
5141|Neurospora crassa|bread mould
209285|Thermochaetoides thermophila|Chaetomium thermophilum
44689|Dictyostelium discoideum|social amoeba
5911|Tetrahymena thermophila|ciliate
5888|Paramecium tetraurelia|ciliate
5833|Plasmodium falciparum|malaria parasite
5811|Toxoplasma gondii|parasite
5691|Trypanosoma brucei|sleeping sickness parasite
5693|Trypanosoma cruzi|Chagas disease parasite
5661|Leishmania donovani|parasite
5664|Leishmania major|parasite
5741|Giardia intestinalis|parasite
562|Escherichia coli|bacterium
83333|Escherichia coli K-12|bacterium
1423|Bacillus subtilis|bacterium
1422|Geobacillus stearothermophilus|bacterium
1280|Staphylococcus aureus|bacterium
1313|Streptococcus pneumoniae|pneumococcus
1314|Streptococcus pyogenes|bacterium
1351|Enterococcus faecalis|bacterium
1358|Lactococcus lactis|bacterium
1496|Clostridioides difficile|bacterium
1773|Mycobacterium tuberculosis|tuberculosis bacterium
1772|Mycolicibacterium smegmatis|Mycobacterium smegmatis
1718|Corynebacterium glutamicum|bacterium
1902|Streptomyces coelicolor|bacterium
287|Pseudomonas aeruginosa|bacterium
470|Acinetobacter baumannii|bacterium
573|Klebsiella pneumoniae|bacterium
28901|Salmonella enterica|bacterium
90371|Salmonella enterica subsp. enterica serovar Typhimurium|Salmonella typhimurium
623|Shigella flexneri|bacterium
632|Yersinia pestis|plague bacterium
666|Vibrio cholerae|cholera bacterium
210|Helicobacter pylori|bacterium
446|Legionella pneumophila|bacterium
485|Neisseria gonorrhoeae|gonococcus
487|Neisseria meningitidis|meningococcus
358|Agrobacterium tumefaciens|bacterium
155892|Caulobacter vibrioides|Caulobacter crescentus
1063|Cereibacter sphaeroides|Rhodobacter sphaeroides
139|Borreliella burgdorferi|Lyme disease bacterium
813|Chlamydia trachomatis|bacterium
2104|Mycoplasmoides pneumoniae|Mycoplasma pneumoniae
1299|Deinococcus radiodurans|bacterium
274|Thermus thermophilus|bacterium
63363|Aquifex aeolicus|bacterium
2336|Thermotoga maritima|bacterium
1148|Synechocystis sp. PCC 6803|cyanobacterium
32046|Synechococcus elongatus|cyanobacterium
2190|Methanocaldococcus jannaschii|archaeon
2246|Haloferax volcanii|archaeon
2261|Pyrococcus furiosus|archaeon
2285|Sulfolobus acidocaldarius|archaeon
2287|Saccharolobus solfataricus|archaeon
2303|Thermoplasma acidophilum|archaeon
2697049|Severe acute respiratory syndrome coronavirus 2|SARS-CoV-2
694009|Severe acute respiratory syndrome-related coronavirus|SARS-CoV
11676|Human immunodeficiency virus 1|HIV-1
11709|Human immunodeficiency virus 2|HIV-2
11723|Simian immunodeficiency virus|SIV
11786|Murine leukemia virus|MLV
11320|Influenza A virus|influenza
11234|Measles morbillivirus|measles virus
11250|Human respiratory syncytial virus|RSV
186538|Zaire ebolavirus|Ebola virus
64320|Zika virus|Zika
12637|Dengue virus|dengue
37124|Chikungunya virus|chikungunya
10407|Hepatitis B virus|HBV
10298|Human alphaherpesvirus 1|herpes simplex virus 1, HSV-1
10359|Human betaherpesvirus 5|cytomegalovirus, HCMV
10376|Human gammaherpesvirus 4|Epstein-Barr virus, EBV
10245|Vaccinia virus|vaccinia
28285|Human adenovirus 5|adenovirus
10804|Adeno-associated virus 2|AAV2
28875|Rotavirus A|rotavirus
12242|Tobacco mosaic virus|TMV
10710|Escherichia phage lambda|bacteriophage lambda
10665|Escherichia phage T4|bacteriophage T4
10760|Escherichia phage T7|bacteriophage T7
10754|Salmonella phage P22|bacteriophage P22
12022|Escherichia phage MS2|bacteriophage MS2
32630|synthetic construct|designed, in vitro
"""
