var e=(e,t)=>()=>(t||(e((t={exports:{}}).exports,t,t.exports),e=null),t.exports),t=/* @__PURE__ */ e(((e,t,n)=>{var r=function(e){return e&&e.Math===Math&&e};t.exports=r(typeof globalThis==`object`&&globalThis)||r(typeof window==`object`&&window)||r(typeof self==`object`&&self)||r(typeof global==`object`&&global)||r(typeof n==`object`&&n)||(function(){return this})()||Function(`return this`)()})),n=/* @__PURE__ */ e(((e,n)=>{n.exports=t()})),r=/* @__PURE__ */ e(((e,t)=>{t.exports=function(e){try{return!!e()}catch{return!0}}})),i=/* @__PURE__ */ e(((e,t)=>{t.exports=!r()(function(){var e=function(){}.bind();return typeof e!=`function`||e.hasOwnProperty(`prototype`)})})),a=/* @__PURE__ */ e(((e,t)=>{var n=i(),r=Function.prototype,a=r.call,o=n&&r.bind.bind(a,a);t.exports=n?o:function(e){return function(){return a.apply(e,arguments)}}})),o=/* @__PURE__ */ e(((e,t)=>{t.exports=function(e){return e==null}})),s=/* @__PURE__ */ e(((e,t)=>{var n=o(),r=TypeError;t.exports=function(e){if(n(e))throw new r(`Can't call method on `+e);return e}})),c=/* @__PURE__ */ e(((e,t)=>{var n=s(),r=Object;t.exports=function(e){return r(n(e))}})),l=/* @__PURE__ */ e(((e,t)=>{var n=a(),r=c(),i=n({}.hasOwnProperty);t.exports=Object.hasOwn||function(e,t){return i(r(e),t)}})),u=/* @__PURE__ */ e(((e,t)=>{t.exports=!1})),d=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=Object.defineProperty;n.exports=function(e,t){try{i(r,e,{value:t,configurable:!0,writable:!0})}catch{r[e]=t}return t}})),f=/* @__PURE__ */ e(((e,n)=>{var r=u(),i=t(),a=d(),o=`__core-js_shared__`,s=n.exports=i[o]||a(o,{});(s.versions||=[]).push({version:`3.51.0`,mode:r?`pure`:`global`,copyright:`© 2013–2025 Denis Pushkarev (zloirock.ru), 2025–2026 CoreJS Company (core-js.io). All rights reserved.`,license:`https://github.com/zloirock/core-js/blob/v3.51.0/LICENSE`,source:`https://github.com/zloirock/core-js`})})),p=/* @__PURE__ */ e(((e,t)=>{var n=f(),r=Object.create||Object;t.exports=function(e,t){return n[e]||(n[e]=t||r(null))}})),m=/* @__PURE__ */ e(((e,t)=>{var n=a(),r=0,i=Math.random(),o=n(1.1.toString);t.exports=function(e){return`Symbol(`+(e===void 0?``:e)+`)_`+o(++r+i,36)}})),h=/* @__PURE__ */ e(((e,n)=>{var r=t().navigator,i=r&&r.userAgent;n.exports=i?String(i):``})),g=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=h(),a=r.process,o=r.Deno,s=a&&a.versions||o&&o.version,c=s&&s.v8,l,u;c&&(l=c.split(`.`),u=l[0]>0&&l[0]<4?1:+(l[0]+l[1])),!u&&i&&(l=i.match(/Edge\/(\d+)/),(!l||l[1]>=74)&&(l=i.match(/Chrome\/(\d+)/),l&&(u=+l[1]))),n.exports=u})),_=/* @__PURE__ */ e(((e,n)=>{var i=g(),a=r(),o=t().String;n.exports=!!Object.getOwnPropertySymbols&&!a(function(){var e=Symbol(`symbol detection`);return!o(e)||!(Object(e)instanceof Symbol)||!Symbol.sham&&i&&i<41})})),v=/* @__PURE__ */ e(((e,t)=>{t.exports=_()&&!Symbol.sham&&typeof Symbol.iterator==`symbol`})),y=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=p(),a=l(),o=m(),s=_(),c=v(),u=r.Symbol,d=i(`wks`),f=c?u.for||u:u&&u.withoutSetter||o;n.exports=function(e){return a(d,e)||(d[e]=s&&a(u,e)?u[e]:f(`Symbol.`+e)),d[e]}})),b=/* @__PURE__ */ e((e=>{e.f=y()})),x=/* @__PURE__ */ e(((e,t)=>{t.exports=!r()(function(){return Object.defineProperty({},1,{get:function(){return 7}})[1]!==7})})),S=/* @__PURE__ */ e(((e,t)=>{var n=typeof document==`object`&&document.all;t.exports=n===void 0&&n!==void 0?function(e){return typeof e==`function`||e===n}:function(e){return typeof e==`function`}})),C=/* @__PURE__ */ e(((e,t)=>{var n=S();t.exports=function(e){return typeof e==`object`?e!==null:n(e)}})),w=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=C(),a=r.document,o=i(a)&&i(a.createElement);n.exports=function(e){return o?a.createElement(e):{}}})),T=/* @__PURE__ */ e(((e,t)=>{var n=x(),i=r(),a=w();t.exports=!n&&!i(function(){return Object.defineProperty(a(`div`),"a",{get:function(){return 7}}).a!==7})})),ee=/* @__PURE__ */ e(((e,t)=>{var n=x(),i=r();t.exports=n&&i(function(){return Object.defineProperty(function(){},"prototype",{value:42,writable:!1}).prototype!==42})})),te=/* @__PURE__ */ e(((e,t)=>{var n=C(),r=String,i=TypeError;t.exports=function(e){if(n(e))return e;throw new i(r(e)+` is not an object`)}})),E=/* @__PURE__ */ e(((e,t)=>{var n=i(),r=Function.prototype.call;t.exports=n?r.bind(r):function(){return r.apply(r,arguments)}})),ne=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=S(),a=function(e){return i(e)?e:void 0};n.exports=function(e,t){return arguments.length<2?a(r[e]):r[e]&&r[e][t]}})),re=/* @__PURE__ */ e(((e,t)=>{t.exports=a()({}.isPrototypeOf)})),D=/* @__PURE__ */ e(((e,t)=>{var n=ne(),r=S(),i=re(),a=v(),o=Object;t.exports=a?function(e){return typeof e==`symbol`}:function(e){var t=n(`Symbol`);return r(t)&&i(t.prototype,o(e))}})),ie=/* @__PURE__ */ e(((e,t)=>{var n=String;t.exports=function(e){try{return n(e)}catch{return`Object`}}})),O=/* @__PURE__ */ e(((e,t)=>{var n=S(),r=ie(),i=TypeError;t.exports=function(e){if(n(e))return e;throw new i(r(e)+` is not a function`)}})),ae=/* @__PURE__ */ e(((e,t)=>{var n=O(),r=o();t.exports=function(e,t){var i=e[t];return r(i)?void 0:n(i)}})),oe=/* @__PURE__ */ e(((e,t)=>{var n=E(),r=S(),i=C(),a=TypeError;t.exports=function(e,t){var o,s;if(t===`string`&&r(o=e.toString)&&!i(s=n(o,e))||r(o=e.valueOf)&&!i(s=n(o,e))||t!==`string`&&r(o=e.toString)&&!i(s=n(o,e)))return s;throw new a(`Can't convert object to primitive value`)}})),se=/* @__PURE__ */ e(((e,t)=>{var n=E(),r=C(),i=D(),a=ae(),o=oe(),s=y(),c=TypeError,l=s(`toPrimitive`);t.exports=function(e,t){if(!r(e)||i(e))return e;var s=a(e,l),u;if(s){if(t===void 0&&(t=`default`),u=n(s,e,t),!r(u)||i(u))return u;throw new c(`Can't convert object to primitive value`)}return t===void 0&&(t=`number`),o(e,t)}})),k=/* @__PURE__ */ e(((e,t)=>{var n=se(),r=D();t.exports=function(e){var t=n(e,`string`);return r(t)?t:t+``}})),A=/* @__PURE__ */ e((e=>{var t=x(),n=T(),r=ee(),i=te(),a=k(),o=TypeError,s=Object.defineProperty,c=Object.getOwnPropertyDescriptor,l=`enumerable`,u=`configurable`,d=`writable`;e.f=t?r?function(e,t,n){if(i(e),t=a(t),i(n),typeof e==`function`&&t===`prototype`&&`value`in n&&d in n&&!n[d]){var r=c(e,t);r&&r[d]&&(e[t]=n.value,n={configurable:u in n?n[u]:r[u],enumerable:l in n?n[l]:r[l],writable:!1})}return s(e,t,n)}:s:function(e,t,r){if(i(e),t=a(t),i(r),n)try{return s(e,t,r)}catch{}if(`get`in r||`set`in r)throw new o(`Accessors not supported`);return`value`in r&&(e[t]=r.value),e}})),j=/* @__PURE__ */ e(((e,t)=>{var r=n(),i=l(),a=b(),o=A().f;t.exports=function(e){var t=r.Symbol||={};i(t,e)||o(t,e,{value:a.f(e)})}})),ce=/* @__PURE__ */ e((e=>{var t={}.propertyIsEnumerable,n=Object.getOwnPropertyDescriptor;e.f=n&&!t.call({1:2},1)?function(e){var t=n(this,e);return!!t&&t.enumerable}:t})),le=/* @__PURE__ */ e(((e,t)=>{t.exports=function(e,t){return{enumerable:!(e&1),configurable:!(e&2),writable:!(e&4),value:t}}})),ue=/* @__PURE__ */ e(((e,t)=>{var n=a(),r=n({}.toString),i=n(``.slice);t.exports=function(e){return i(r(e),8,-1)}})),de=/* @__PURE__ */ e(((e,t)=>{var n=a(),i=r(),o=ue(),s=Object,c=n(``.split);t.exports=i(function(){return!s(`z`).propertyIsEnumerable(0)})?function(e){return o(e)===`String`?c(e,``):s(e)}:s})),fe=/* @__PURE__ */ e(((e,t)=>{var n=de(),r=s();t.exports=function(e){return n(r(e))}})),M=/* @__PURE__ */ e((e=>{var t=x(),n=E(),r=ce(),i=le(),a=fe(),o=k(),s=l(),c=T(),u=Object.getOwnPropertyDescriptor;e.f=t?u:function(e,t){if(e=a(e),t=o(t),c)try{return u(e,t)}catch{}if(s(e,t))return i(!n(r.f,e,t),e[t])}})),N=/* @__PURE__ */ e((()=>{var e=t(),n=j(),r=A().f,i=M().f,a=e.Symbol;if(n(`dispose`),a){var o=i(a,`dispose`);o.enumerable&&o.configurable&&o.writable&&r(a,`dispose`,{value:o.value,enumerable:!1,configurable:!1,writable:!1})}})),pe=/* @__PURE__ */ e(((e,t)=>{N(),t.exports=b().f(`dispose`)})),P=/* @__PURE__ */ e(((e,t)=>{t.exports=pe()})),F=/* @__PURE__ */ e((()=>{N()})),I=/* @__PURE__ */ e(((e,t)=>{var n=P();F(),t.exports=n})),L=/* @__PURE__ */ e((()=>{var e=t(),n=j(),r=A().f,i=M().f,a=e.Symbol;if(n(`asyncDispose`),a){var o=i(a,`asyncDispose`);o.enumerable&&o.configurable&&o.writable&&r(a,`asyncDispose`,{value:o.value,enumerable:!1,configurable:!1,writable:!1})}})),R=/* @__PURE__ */ e(((e,t)=>{L(),t.exports=b().f(`asyncDispose`)})),z=/* @__PURE__ */ e(((e,t)=>{t.exports=R()})),me=/* @__PURE__ */ e((()=>{L()})),he=/* @__PURE__ */ e(((e,t)=>{var n=z();me(),t.exports=n}));I(),he();
/**
* @license
* Copyright 2019 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
function B(e){return{id:e}}
/**
* @license
* Copyright 2019 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
const ge=B(`encodeCompressedSegmentationUint32`),_e=B(`encodeCompressedSegmentationUint64`),V=/* @__PURE__ */ new Map
/**
* @license
* Copyright 2019 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
;function ve(e){self.onmessage=async t=>{let{t:n,id:r,args:i}=t.data;try{let t=V.get(n);if(t===void 0)throw Error(`Internal error: async computation operation ${JSON.stringify(n)} is not registered.  Registered handlers: ${JSON.stringify(Array.from(V.keys()))}`);let{value:a,transfer:o}=await t(...i);e.postMessage({id:r,value:a},{transfer:o})}catch(t){e.postMessage({id:r,error:t})}},self.postMessage(null)}ve(self);function H(e,t){V.set(e.id,t)}
/**
* @license
* Copyright 2016 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
function U(e,t=1){let n=e.length,r=Array(n),i=r[0]=t;for(let t=1;t<n;++t)i*=e[t-1],r[t]=i;return r}var ye=class{data;length=0;constructor(e,t=16){this.data=new e(t)}resize(e){let{data:t}=this;if(e>t.length){let n=new t.constructor(Math.max(e,t.length*2));n.set(t.subarray(0,this.length)),this.data=n}this.length=e}get view(){return this.data.subarray(0,this.length)}shrinkToFit(){this.data=this.data.slice(0,length)}clear(){this.length=0}appendArray(e){let{length:t}=this;this.resize(t+e.length),this.data.set(e,t)}eraseRange(e,t){this.data.copyWithin(e,t,this.length),this.length-=t-e}}
/**
* @license
* Copyright 2016 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
;function be(){return/* @__PURE__ */ new Map}function xe(e,t,n,r,i,a){for(let o=0,s=0;i>0&&o<a;++o){let a=0;for(let e=0;e<32;e+=i)a|=r[n[s++]]<<e;e[t+o]=a}}function Se(e,t,n,r,i,a,o,s,c){let l;if(i===1)l=0;else for(l=1;1<<l<i;)l*=2;let u=Math.ceil(l*r/32),d=e.length,f=u,p=!1,m=a.subarray(0,i*c).join(),h=n.get(m);h===void 0&&(p=!0,f+=i*c,h=d+u-t,n.set(m,h)),e.resize(d+f);let g=e.data;if(xe(g,d,o,s,l,u),p){let e=d+u;for(let t=0,n=i*c;t<n;++t)g[e++]=a[t]}return[l,h]}function W(e,t,n,r,i=0,a=U(r,1)){let o=be(),s=[,,,],c=2;for(let e=0;e<3;++e){let n=s[e]=Math.ceil(r[e]/t[e]);c*=n}let l=s[0],u=s[1],d=s[2],f=r[0],p=r[1],m=r[2],h=t[0],g=t[1],_=t[2],v=e.length,y=v,b=[0,0,0];e.resize(v+c);let x=a[0],S=a[1],C=a[2];for(let r=0;r<d;++r){b[2]=Math.min(_,m-r*_);for(let s=0;s<u;++s){b[1]=Math.min(g,p-s*g);for(let c=0;c<l;++c){b[0]=Math.min(h,f-c*h);let l=r*_*C+s*g*S+c*h*x,u=e.length-v,[d,p]=Ce(n,i+l,a,t,b,v,o,e),m=e.data;m[y++]=p|d<<24,m[y++]=u}}}}function G(e,t,n,r,i=0,a=U(r,1)){let o=e.length,s=r[3];e.resize(o+s);for(let c=0;c<s;++c)e.data[o+c]=e.length,W(e,t,n,r,i+a[3]*c,a)}let K=/* @__PURE__ */ new Uint32Array,q=K,J=K,Y=/* @__PURE__ */ new BigUint64Array,X=Y,Z=K,Q=K;function Ce(e,t,n,r,i,a,o,s){let c=i[0],l=i[1],u=i[2],d=r[0],f=r[1],p=r[2],m=n[0],h=n[1],g=n[2];if(g-=h*l,h-=m*c,c*l*u===0)return[0,0];let _=d*f*p+31;K.length<_&&(K=new Uint32Array(_),Z=new Uint32Array(_),Q=new Uint32Array(_));let v,y,b=Math.ceil(_*(e instanceof Uint32Array?1:2)/2)*2;q.length<b&&(q=new Uint32Array(b),J=new Uint32Array(b),Y=new BigUint64Array(q.buffer),X=new BigUint64Array(J.buffer)),e instanceof Uint32Array?(v=q,y=J):(v=Y,y=X);let x=K.subarray(0,_);x.fill(0);let S=Z,C=Q,w=0;{let n=e[t];n?--n:++n;let r=t,i=0,a=d-c,o=d*f-d*l;for(let t=0;t<u;++t,r+=g,i+=o)for(let t=0;t<l;++t,r+=h,i+=a)for(let t=0;t<c;++t,r+=m){let t=e[r];t!==n&&(n=v[w]=t,S[w]=w++),x[i++]=w}}S.subarray(0,w).sort((e,t)=>{let n=v[e],r=v[t];return n<r?-1:+(n>r)});let T=-1;{let e=v[S[0]];e?--e:++e;for(let t=0;t<w;++t){let n=S[t],r=v[n];r!==e&&(++T,e=y[T]=r),C[n+1]=T}++T}return Se(s,a,o,d*f*p,T,J,x,C,e instanceof Uint32Array?1:2)}
/**
* @license
* Copyright 2019 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
const $=new ye(Uint32Array,2e4)
/**
* @license
* Copyright 2020 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
/**
* @license
* Copyright 2020 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
/**
* @license
* Copyright 2023 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
;
/**
* @license
* Copyright 2023 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use this file except in compliance with the License.
* You may obtain a copy of the License at
*
*      http://www.apache.org/licenses/LICENSE-2.0
*
* Unless required by applicable law or agreed to in writing, software
* distributed under the License is distributed on an "AS IS" BASIS,
* WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
* See the License for the specific language governing permissions and
* limitations under the License.
*/
H(ge,async(e,t,n)=>($.clear(),G($,n,e,t),{value:$.view})),H(_e,async(e,t,n)=>($.clear(),G($,n,e,t),{value:$.view})),H(B(`decodeBlosc`),async e=>{let{default:t}=await import(`./blosc-DYDcEZqK.js`),n=await t.fromConfig({id:`blosc`}).decode(e);return{value:n,transfer:[n.buffer]}}),H(B(`decodeZstd`),async e=>{let{default:t}=await import(`./zstd-_26a7yg8.js`),n=await t.fromConfig({id:`blosc`}).decode(e);return{value:n,transfer:[n.buffer]}});