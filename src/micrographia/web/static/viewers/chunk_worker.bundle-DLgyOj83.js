var e=(e,t)=>()=>(t||(e((t={exports:{}}).exports,t,t.exports),e=null),t.exports),t=/* @__PURE__ */ e(((e,t,n)=>{var r=function(e){return e&&e.Math===Math&&e};t.exports=r(typeof globalThis==`object`&&globalThis)||r(typeof window==`object`&&window)||r(typeof self==`object`&&self)||r(typeof global==`object`&&global)||r(typeof n==`object`&&n)||(function(){return this})()||Function(`return this`)()})),n=/* @__PURE__ */ e(((e,n)=>{n.exports=t()})),r=/* @__PURE__ */ e(((e,t)=>{t.exports=function(e){try{return!!e()}catch{return!0}}})),i=/* @__PURE__ */ e(((e,t)=>{t.exports=!r()(function(){var e=function(){}.bind();return typeof e!=`function`||e.hasOwnProperty(`prototype`)})})),a=/* @__PURE__ */ e(((e,t)=>{var n=i(),r=Function.prototype,a=r.call,o=n&&r.bind.bind(a,a);t.exports=n?o:function(e){return function(){return a.apply(e,arguments)}}})),o=/* @__PURE__ */ e(((e,t)=>{t.exports=function(e){return e==null}})),s=/* @__PURE__ */ e(((e,t)=>{var n=o(),r=TypeError;t.exports=function(e){if(n(e))throw new r(`Can't call method on `+e);return e}})),c=/* @__PURE__ */ e(((e,t)=>{var n=s(),r=Object;t.exports=function(e){return r(n(e))}})),l=/* @__PURE__ */ e(((e,t)=>{var n=a(),r=c(),i=n({}.hasOwnProperty);t.exports=Object.hasOwn||function(e,t){return i(r(e),t)}})),u=/* @__PURE__ */ e(((e,t)=>{t.exports=!1})),d=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=Object.defineProperty;n.exports=function(e,t){try{i(r,e,{value:t,configurable:!0,writable:!0})}catch{r[e]=t}return t}})),f=/* @__PURE__ */ e(((e,n)=>{var r=u(),i=t(),a=d(),o=`__core-js_shared__`,s=n.exports=i[o]||a(o,{});(s.versions||=[]).push({version:`3.51.0`,mode:r?`pure`:`global`,copyright:`© 2013–2025 Denis Pushkarev (zloirock.ru), 2025–2026 CoreJS Company (core-js.io). All rights reserved.`,license:`https://github.com/zloirock/core-js/blob/v3.51.0/LICENSE`,source:`https://github.com/zloirock/core-js`})})),p=/* @__PURE__ */ e(((e,t)=>{var n=f(),r=Object.create||Object;t.exports=function(e,t){return n[e]||(n[e]=t||r(null))}})),m=/* @__PURE__ */ e(((e,t)=>{var n=a(),r=0,i=Math.random(),o=n(1.1.toString);t.exports=function(e){return`Symbol(`+(e===void 0?``:e)+`)_`+o(++r+i,36)}})),h=/* @__PURE__ */ e(((e,n)=>{var r=t().navigator,i=r&&r.userAgent;n.exports=i?String(i):``})),g=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=h(),a=r.process,o=r.Deno,s=a&&a.versions||o&&o.version,c=s&&s.v8,l,u;c&&(l=c.split(`.`),u=l[0]>0&&l[0]<4?1:+(l[0]+l[1])),!u&&i&&(l=i.match(/Edge\/(\d+)/),(!l||l[1]>=74)&&(l=i.match(/Chrome\/(\d+)/),l&&(u=+l[1]))),n.exports=u})),_=/* @__PURE__ */ e(((e,n)=>{var i=g(),a=r(),o=t().String;n.exports=!!Object.getOwnPropertySymbols&&!a(function(){var e=Symbol(`symbol detection`);return!o(e)||!(Object(e)instanceof Symbol)||!Symbol.sham&&i&&i<41})})),v=/* @__PURE__ */ e(((e,t)=>{t.exports=_()&&!Symbol.sham&&typeof Symbol.iterator==`symbol`})),y=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=p(),a=l(),o=m(),s=_(),c=v(),u=r.Symbol,d=i(`wks`),f=c?u.for||u:u&&u.withoutSetter||o;n.exports=function(e){return a(d,e)||(d[e]=s&&a(u,e)?u[e]:f(`Symbol.`+e)),d[e]}})),b=/* @__PURE__ */ e((e=>{e.f=y()})),x=/* @__PURE__ */ e(((e,t)=>{t.exports=!r()(function(){return Object.defineProperty({},1,{get:function(){return 7}})[1]!==7})})),S=/* @__PURE__ */ e(((e,t)=>{var n=typeof document==`object`&&document.all;t.exports=n===void 0&&n!==void 0?function(e){return typeof e==`function`||e===n}:function(e){return typeof e==`function`}})),C=/* @__PURE__ */ e(((e,t)=>{var n=S();t.exports=function(e){return typeof e==`object`?e!==null:n(e)}})),w=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=C(),a=r.document,o=i(a)&&i(a.createElement);n.exports=function(e){return o?a.createElement(e):{}}})),T=/* @__PURE__ */ e(((e,t)=>{var n=x(),i=r(),a=w();t.exports=!n&&!i(function(){return Object.defineProperty(a(`div`),"a",{get:function(){return 7}}).a!==7})})),E=/* @__PURE__ */ e(((e,t)=>{var n=x(),i=r();t.exports=n&&i(function(){return Object.defineProperty(function(){},"prototype",{value:42,writable:!1}).prototype!==42})})),D=/* @__PURE__ */ e(((e,t)=>{var n=C(),r=String,i=TypeError;t.exports=function(e){if(n(e))return e;throw new i(r(e)+` is not an object`)}})),O=/* @__PURE__ */ e(((e,t)=>{var n=i(),r=Function.prototype.call;t.exports=n?r.bind(r):function(){return r.apply(r,arguments)}})),ee=/* @__PURE__ */ e(((e,n)=>{var r=t(),i=S(),a=function(e){return i(e)?e:void 0};n.exports=function(e,t){return arguments.length<2?a(r[e]):r[e]&&r[e][t]}})),k=/* @__PURE__ */ e(((e,t)=>{t.exports=a()({}.isPrototypeOf)})),te=/* @__PURE__ */ e(((e,t)=>{var n=ee(),r=S(),i=k(),a=v(),o=Object;t.exports=a?function(e){return typeof e==`symbol`}:function(e){var t=n(`Symbol`);return r(t)&&i(t.prototype,o(e))}})),ne=/* @__PURE__ */ e(((e,t)=>{var n=String;t.exports=function(e){try{return n(e)}catch{return`Object`}}})),re=/* @__PURE__ */ e(((e,t)=>{var n=S(),r=ne(),i=TypeError;t.exports=function(e){if(n(e))return e;throw new i(r(e)+` is not a function`)}})),ie=/* @__PURE__ */ e(((e,t)=>{var n=re(),r=o();t.exports=function(e,t){var i=e[t];return r(i)?void 0:n(i)}})),ae=/* @__PURE__ */ e(((e,t)=>{var n=O(),r=S(),i=C(),a=TypeError;t.exports=function(e,t){var o,s;if(t===`string`&&r(o=e.toString)&&!i(s=n(o,e))||r(o=e.valueOf)&&!i(s=n(o,e))||t!==`string`&&r(o=e.toString)&&!i(s=n(o,e)))return s;throw new a(`Can't convert object to primitive value`)}})),oe=/* @__PURE__ */ e(((e,t)=>{var n=O(),r=C(),i=te(),a=ie(),o=ae(),s=y(),c=TypeError,l=s(`toPrimitive`);t.exports=function(e,t){if(!r(e)||i(e))return e;var s=a(e,l),u;if(s){if(t===void 0&&(t=`default`),u=n(s,e,t),!r(u)||i(u))return u;throw new c(`Can't convert object to primitive value`)}return t===void 0&&(t=`number`),o(e,t)}})),se=/* @__PURE__ */ e(((e,t)=>{var n=oe(),r=te();t.exports=function(e){var t=n(e,`string`);return r(t)?t:t+``}})),ce=/* @__PURE__ */ e((e=>{var t=x(),n=T(),r=E(),i=D(),a=se(),o=TypeError,s=Object.defineProperty,c=Object.getOwnPropertyDescriptor,l=`enumerable`,u=`configurable`,d=`writable`;e.f=t?r?function(e,t,n){if(i(e),t=a(t),i(n),typeof e==`function`&&t===`prototype`&&`value`in n&&d in n&&!n[d]){var r=c(e,t);r&&r[d]&&(e[t]=n.value,n={configurable:u in n?n[u]:r[u],enumerable:l in n?n[l]:r[l],writable:!1})}return s(e,t,n)}:s:function(e,t,r){if(i(e),t=a(t),i(r),n)try{return s(e,t,r)}catch{}if(`get`in r||`set`in r)throw new o(`Accessors not supported`);return`value`in r&&(e[t]=r.value),e}})),le=/* @__PURE__ */ e(((e,t)=>{var r=n(),i=l(),a=b(),o=ce().f;t.exports=function(e){var t=r.Symbol||={};i(t,e)||o(t,e,{value:a.f(e)})}})),ue=/* @__PURE__ */ e((e=>{var t={}.propertyIsEnumerable,n=Object.getOwnPropertyDescriptor;e.f=n&&!t.call({1:2},1)?function(e){var t=n(this,e);return!!t&&t.enumerable}:t})),de=/* @__PURE__ */ e(((e,t)=>{t.exports=function(e,t){return{enumerable:!(e&1),configurable:!(e&2),writable:!(e&4),value:t}}})),fe=/* @__PURE__ */ e(((e,t)=>{var n=a(),r=n({}.toString),i=n(``.slice);t.exports=function(e){return i(r(e),8,-1)}})),pe=/* @__PURE__ */ e(((e,t)=>{var n=a(),i=r(),o=fe(),s=Object,c=n(``.split);t.exports=i(function(){return!s(`z`).propertyIsEnumerable(0)})?function(e){return o(e)===`String`?c(e,``):s(e)}:s})),me=/* @__PURE__ */ e(((e,t)=>{var n=pe(),r=s();t.exports=function(e){return n(r(e))}})),he=/* @__PURE__ */ e((e=>{var t=x(),n=O(),r=ue(),i=de(),a=me(),o=se(),s=l(),c=T(),u=Object.getOwnPropertyDescriptor;e.f=t?u:function(e,t){if(e=a(e),t=o(t),c)try{return u(e,t)}catch{}if(s(e,t))return i(!n(r.f,e,t),e[t])}})),ge=/* @__PURE__ */ e((()=>{var e=t(),n=le(),r=ce().f,i=he().f,a=e.Symbol;if(n(`dispose`),a){var o=i(a,`dispose`);o.enumerable&&o.configurable&&o.writable&&r(a,`dispose`,{value:o.value,enumerable:!1,configurable:!1,writable:!1})}})),_e=/* @__PURE__ */ e(((e,t)=>{ge(),t.exports=b().f(`dispose`)})),ve=/* @__PURE__ */ e(((e,t)=>{t.exports=_e()})),ye=/* @__PURE__ */ e((()=>{ge()})),be=/* @__PURE__ */ e(((e,t)=>{var n=ve();ye(),t.exports=n})),xe=/* @__PURE__ */ e((()=>{var e=t(),n=le(),r=ce().f,i=he().f,a=e.Symbol;if(n(`asyncDispose`),a){var o=i(a,`asyncDispose`);o.enumerable&&o.configurable&&o.writable&&r(a,`asyncDispose`,{value:o.value,enumerable:!1,configurable:!1,writable:!1})}})),Se=/* @__PURE__ */ e(((e,t)=>{xe(),t.exports=b().f(`asyncDispose`)})),Ce=/* @__PURE__ */ e(((e,t)=>{t.exports=Se()})),we=/* @__PURE__ */ e((()=>{xe()})),Te=/* @__PURE__ */ e(((e,t)=>{var n=Ce();we(),t.exports=n}));be(),Te();var Ee=typeof global==`object`&&global&&global.Object===Object&&global,De=typeof self==`object`&&self&&self.Object===Object&&self,Oe=Ee||De||Function(`return this`)(),ke=Oe.Symbol,Ae=Object.prototype,je=Ae.hasOwnProperty,Me=Ae.toString,Ne=ke?ke.toStringTag:void 0;function Pe(e){var t=je.call(e,Ne),n=e[Ne];try{e[Ne]=void 0;var r=!0}catch{}var i=Me.call(e);return r&&(t?e[Ne]=n:delete e[Ne]),i}var Fe=Object.prototype.toString;function Ie(e){return Fe.call(e)}var Le=`[object Null]`,Re=`[object Undefined]`,ze=ke?ke.toStringTag:void 0;function Be(e){return e==null?e===void 0?Re:Le:ze&&ze in Object(e)?Pe(e):Ie(e)}function Ve(e){return typeof e==`object`&&!!e}var He=`[object Symbol]`;function Ue(e){return typeof e==`symbol`||Ve(e)&&Be(e)==He}var We=/\s/;function Ge(e){for(var t=e.length;t--&&We.test(e.charAt(t)););return t}var Ke=/^\s+/;function qe(e){return e&&e.slice(0,Ge(e)+1).replace(Ke,``)}function Je(e){var t=typeof e;return e!=null&&(t==`object`||t==`function`)}var Ye=NaN,Xe=/^[-+]0x[0-9a-f]+$/i,Ze=/^0b[01]+$/i,Qe=/^0o[0-7]+$/i,$e=parseInt;function et(e){if(typeof e==`number`)return e;if(Ue(e))return Ye;if(Je(e)){var t=typeof e.valueOf==`function`?e.valueOf():e;e=Je(t)?t+``:t}if(typeof e!=`string`)return e===0?e:+e;e=qe(e);var n=Ze.test(e);return n||Qe.test(e)?$e(e.slice(2),n?2:8):Xe.test(e)?Ye:+e}var tt=function(){return Oe.Date.now()},nt=`Expected a function`,rt=Math.max,it=Math.min;function at(e,t,n){var r,i,a,o,s,c,l=0,u=!1,d=!1,f=!0;if(typeof e!=`function`)throw TypeError(nt);t=et(t)||0,Je(n)&&(u=!!n.leading,d=`maxWait`in n,a=d?rt(et(n.maxWait)||0,t):a,f=`trailing`in n?!!n.trailing:f);function p(t){var n=r,a=i;return r=i=void 0,l=t,o=e.apply(a,n),o}function m(e){return l=e,s=setTimeout(_,t),u?p(e):o}function h(e){var n=e-c,r=e-l,i=t-n;return d?it(i,a-r):i}function g(e){var n=e-c,r=e-l;return c===void 0||n>=t||n<0||d&&r>=a}function _(){var e=tt();if(g(e))return v(e);s=setTimeout(_,h(e))}function v(e){return s=void 0,f&&r?p(e):(r=i=void 0,o)}function y(){s!==void 0&&clearTimeout(s),l=0,r=c=i=s=void 0}function b(){return s===void 0?o:v(tt())}function x(){var e=tt(),n=g(e);if(r=arguments,i=this,c=e,n){if(s===void 0)return m(c);if(d)return clearTimeout(s),s=setTimeout(_,t),p(c)}return s===void 0&&(s=setTimeout(_,t)),o}return x.cancel=y,x.flush=b,x}var ot=`Expected a function`;function st(e,t,n){var r=!0,i=!0;if(typeof e!=`function`)throw TypeError(ot);return Je(n)&&(r=`leading`in n?!!n.leading:r,i=`trailing`in n?!!n.trailing:i),at(e,t,{leading:r,maxWait:t,trailing:i})}
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
function ct(e){typeof e==`object`?e.dispose():e()}function lt(e){for(let t=e.length;t>0;--t)ct(e[t-1])}function ut(e,t,n,r){return e.addEventListener(t,n,r),()=>e.removeEventListener(t,n,r)}var A=class{refCount=1;wasDisposed;disposers;addRef(){return++this.refCount,this}disposedStacks;dispose(){--this.refCount===0&&this.refCountReachedZero()}[Symbol.dispose](){this.dispose()}refCountReachedZero(){this.disposed();let{disposers:e}=this;e!==void 0&&(lt(e),this.disposers=void 0),this.wasDisposed=!0}disposed(){}registerDisposer(e){let{disposers:t}=this;return t==null?this.disposers=[e]:t.push(e),e}unregisterDisposer(e){let{disposers:t}=this;if(t!=null){let n=t.indexOf(e);n!==-1&&t.splice(n,1)}return e}registerEventListener(e,t,n,r){this.registerDisposer(ut(e,t,n,r))}registerCancellable(e){return this.registerDisposer(()=>{e.cancel()}),e}},dt=class extends A{constructor(e){super(),this.value=e}},ft=class{handlers=/* @__PURE__ */ new Set;count=0;constructor(){
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
let e=this;this.dispatch=function(){++e.count,e.handlers.forEach(e=>{e.apply(this,arguments)})}}add(e){return this.handlers.add(e),()=>this.remove(e)}addOnce(e){let{handlers:t}=this;function n(...r){t.delete(n),e(...r)}t.add(n)}remove(e){return this.handlers.delete(e)}dispatch;dispose(){this.handlers=void 0}},j=class extends ft{},pt=class{constructor(e){
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
this.value_=e}get value(){return this.value_}set value(e){e!==this.value_&&(this.value_=e,this.changed.dispatch())}changed=new j};function mt(e,...t){let n=t.map(e=>e.value),r=t.length,i=new A,a=e(i,...n),o=at(()=>{let o=!1;for(let e=0;e<r;++e){let r=t[e].value;n[e]!==r&&(n[e]=r,o=!0)}o&&(i.dispose(),i=new A,a=e(i,...n))},0),s=t.map(e=>e.changed.add(o));return{flush(){o.flush()},dispose(){o.cancel(),lt(s),i.dispose()},get value(){return o.flush(),a}}}
/**
* @license
* Copyright 2024 Google Inc.
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
function ht(e,t){if(e===void 0)return;if(e.aborted){t(e.reason);return}function n(){t(this.reason)}return e.addEventListener(`abort`,n,{once:!0}),{[Symbol.dispose](){e.removeEventListener(`abort`,n)}}}var gt=class{consumers=/* @__PURE__ */ new Map;controller=new AbortController;retainCount=0;get signal(){return this.controller.signal}addConsumer(e){if(!this.controller.signal.aborted){if(e!==void 0){let t=function(){n.consumers.delete(t),--n.retainCount===0&&(n.controller.abort(),n[Symbol.dispose]())};if(e.aborted)return;let n=this;e.addEventListener(`abort`,t,{once:!0})}++this.retainCount}}[Symbol.dispose](){for(let[e,t]of this.consumers)t.removeEventListener(`abort`,e);this.consumers.clear(),this.retainCount=0}start(){this.retainCount===0&&this.controller.abort()}};function _t(e,t){let{promise:n,resolve:r,reject:i}=Promise.withResolvers(),a=ht(e,t);return{promise:n,resolve:e=>{a?.[Symbol.dispose](),r(e)},reject:e=>{a?.[Symbol.dispose](),i(e)}}}function vt(e,t){return t===void 0?e:t.aborted?Promise.reject(t.reason):new Promise((n,r)=>{let i=ht(t,e=>{r(e)});e.then(e=>{i?.[Symbol.dispose](),n(e)},e=>{i?.[Symbol.dispose](),r(e)})})}
/**
* @license
* Copyright 2024 Google Inc.
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
var yt=class{constructor(e,t){this.listener=e;let{id:n=Math.random(),startTime:r=Date.now(),message:i}=t;this.id=n,this.startTime=r,this.message=i,e.addSpan(this)}id;startTime;message;[Symbol.dispose](){this.listener.removeSpan(this.id)}},bt=class{items=/* @__PURE__ */ new Map;add(e){let{items:t}=this,n=(t.get(e)??0)+1;return t.set(e,n),n}delete(e){let{items:t}=this,n=t.get(e);return n>1?(--n,t.set(e,n),n):(t.delete(e),0)}has(e){return this.items.has(e)}keys(){return this.items.keys()}entries(){return this.items.entries()}[Symbol.iterator](){return this.items.keys()}},xt=class{constructor(e){this.getKey=e}items=/* @__PURE__ */ new Map;add(e){let{items:t}=this,n=this.getKey(e),r=t.get(n);return r===void 0?(t.set(n,{value:e,count:1}),1):r.count+=1}delete(e){return this.deleteKey(this.getKey(e))}deleteKey(e){let{items:t}=this,n=t.get(e);return n!==void 0&&n.count>1?--n.count:(t.delete(e),0)}has(e){return this.items.has(this.getKey(e))}*[Symbol.iterator](){for(let e of this.items.values())yield e.value}};function St(e){return e.id}var Ct=class extends xt{constructor(){super(St)}},wt=class{spans=new Ct;listeners=new bt;addSpan(e){if(this.spans.add(e)===1)for(let t of this.listeners)t.addSpan(e)}removeSpan(e){if(this.spans.deleteKey(e)===0)for(let t of this.listeners)t.removeSpan(e)}addListener(e){if(e!==void 0&&this.listeners.add(e)===1)for(let t of this.spans)e.addSpan(t)}removeListener(e){if(e!==void 0&&this.listeners.delete(e)===0)for(let t of this.spans)e.removeSpan(t.id)}};
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
const Tt=!(typeof Window<`u`&&self instanceof Window),Et=`rpc.promise.response`,Dt=`rpc.promise.cancel`,Ot=`rpc.promise.addProgressSpan`,kt=`rpc.promise.removeProgressSpan`,At=`rpc.ready`,jt=/* @__PURE__ */ new Map;function M(e,t){jt.set(e,t)}var Mt=class{constructor(e,t){this.rpc=e,this.id=t}addSpan(e){this.rpc.invoke(Ot,{id:this.id,span:{id:e.id,message:e.message,startTime:e.startTime}})}removeSpan(e){this.rpc.invoke(kt,{id:this.id,spanId:e})}};function N(e,t){M(e,function(e){let n=e.id,r=new AbortController,i;e.progressListener===!0&&(i=new Mt(this,n));let a=t.call(this,e,{signal:r.signal,progressListener:i});this.set(n,{promise:a,abortController:r}),a.then(({value:e,transfers:t})=>{this.delete(n),this.invoke(Et,{id:n,value:e},t)},e=>{this.delete(n),this.invoke(Et,{id:n,error:e})})})}M(Dt,function(e){let t=e.id,n=this.get(t);if(n!==void 0){let{abortController:e}=n;e.abort()}}),M(Et,function(e){let t=e.id,{resolve:n,reject:r}=this.get(t);this.delete(t),Object.prototype.hasOwnProperty.call(e,`value`)?n(e.value):r(e.error)}),M(Ot,function(e){let t=e.id,{progressListener:n}=this.get(t);new yt(n,e.span)}),M(kt,function(e){let t=e.id,{progressListener:n}=this.get(t);n.removeSpan(e.spanId)}),M(At,function(e){this.onPeerReady()});const Nt=Tt?-1:0;var Pt=class{constructor(e,t){this.target=e,t&&(this.queue=[]),e.onmessage=e=>{let t=e.data;if(jt.get(t.functionName)===void 0)throw Error(`Missing RPC function: ${t.functionName}`);jt.get(t.functionName).call(this,t)}}objects=/* @__PURE__ */ new Map;nextId=Nt;queue;sendReady(){this.invoke(At,{})}onPeerReady(){let{queue:e}=this;if(e!==void 0){this.queue=void 0;for(let{data:t,transfers:n}of e)this.target.postMessage(t,n)}}get numObjects(){return this.objects.size}set(e,t){this.objects.set(e,t)}delete(e){this.objects.delete(e)}get(e){return this.objects.get(e)}getRef(e){let t=e.id,n=this.get(t);return n.referencedGeneration=e.gen,n.addRef(),n}getOptionalRef(e){if(e===void 0)return;let t=e.id,n=this.get(t);return n.referencedGeneration=e.gen,n.addRef(),n}invoke(e,t,n){t.functionName=e;let{queue:r}=this;r===void 0?this.target.postMessage(t,n):r.push({data:t,transfers:n})}promiseInvoke(e,t,n){let r,i,a;if(n!==void 0&&({signal:r,progressListener:i,transfers:a}=n),r?.aborted)return Promise.reject(r.reason);i!==void 0&&(t.progressListener=!0);let o=t.id=this.newId();this.invoke(e,t,a);let{promise:s,resolve:c,reject:l}=r===void 0?Promise.withResolvers():_t(r,()=>{this.invoke(Dt,{id:o})});return this.set(o,{resolve:c,reject:l,progressListener:i}),s}newId(){return Tt?this.nextId--:this.nextId++}},Ft=class extends A{rpc=null;rpcId=null;isOwner;unreferencedGeneration;referencedGeneration;initializeSharedObject(e,t=e.newId()){this.rpc=e,this.rpcId=t,this.isOwner=!1,e.set(t,this)}initializeCounterpart(e,t={}){this.initializeSharedObject(e),this.unreferencedGeneration=0,this.referencedGeneration=0,this.isOwner=!0,t.id=this.rpcId,t.type=this.RPC_TYPE_ID,e.invoke(`SharedObject.new`,t)}dispose(){super.dispose()}addCounterpartRef(){return{id:this.rpcId,gen:++this.referencedGeneration}}refCountReachedZero(){this.isOwner===!0?this.referencedGeneration===this.unreferencedGeneration&&this.ownerDispose():this.isOwner===!1?this.rpc.invoke(`SharedObject.refCountReachedZero`,{id:this.rpcId,gen:this.referencedGeneration}):super.refCountReachedZero()}ownerDispose(){let{rpc:e,rpcId:t}=this;super.refCountReachedZero(),e.delete(t),e.invoke(`SharedObject.dispose`,{id:t})}counterpartRefCountReachedZero(e){this.unreferencedGeneration=e,this.refCount===0&&e===this.referencedGeneration&&this.ownerDispose()}};function It(e,t,n={}){t!=null&&e.initializeSharedObject(t,n.id)}var P=class extends Ft{constructor(e,t={}){super(),It(this,e,t)}};M(`SharedObject.dispose`,function(e){let t=this.get(e.id);if(t.refCount!==0)throw Error(`Attempted to dispose object with non-zero reference count.`);t.disposed(),this.delete(t.rpcId),t.rpcId=null,t.rpc=null}),M(`SharedObject.refCountReachedZero`,function(e){let t=this.get(e.id),n=e.gen;t.counterpartRefCountReachedZero(n)});const Lt=/* @__PURE__ */ new Map;function Rt(e){return t=>{t.prototype.RPC_TYPE_ID=e}}function F(e){return t=>{if(e!==void 0)t.prototype.RPC_TYPE_ID=e;else if(e=t.prototype.RPC_TYPE_ID,e===void 0)throw Error(`RPC_TYPE_ID should have already been defined`);Lt.set(e,t)}}M(`SharedObject.new`,function(e){let t=this,n=e.type,r=new(Lt.get(n))(t,e);--r.refCount});
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
var zt=Object.defineProperty,Bt=Object.getOwnPropertyDescriptor,Vt=(e,t,n,r)=>{for(var i=r>1?void 0:r?Bt(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&zt(t,n,i),i};const Ht=`SharedWatchableValue.changed`;let Ut=class extends P{base;updatingValue_=!1;constructor(e,t={}){super(e,t),e!==void 0&&(this.base=new pt(t.value),this.setupChangedHandler())}initializeCounterpart(e,t={}){t.value=this.value,super.initializeCounterpart(e,t)}setupChangedHandler(){this.registerDisposer(this.base.changed.add(()=>{if(this.updatingValue_)this.updatingValue_=!1;else{let{rpc:e}=this;e!==null&&e.invoke(Ht,{id:this.rpcId,value:this.value})}}))}static makeFromExisting(e,t){let n=new Ut;return n.base=t,n.setupChangedHandler(),n.initializeCounterpart(e),n}static make(e,t){return Ut.makeFromExisting(e,new pt(t))}get value(){return this.base.value}set value(e){this.base.value=e}get changed(){return this.base.changed}};Ut=Vt([F(`SharedWatchableValue`)],Ut),M(Ht,function(e){let t=this.get(e.id);t.updatingValue_=!0,t.base.value=e.value,t.updatingValue_=!1});
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
var I=/* @__PURE__ */ (e=>(e[e.GPU_MEMORY=0]=`GPU_MEMORY`,e[e.SYSTEM_MEMORY=1]=`SYSTEM_MEMORY`,e[e.SYSTEM_MEMORY_WORKER=2]=`SYSTEM_MEMORY_WORKER`,e[e.DOWNLOADING=3]=`DOWNLOADING`,e[e.QUEUED=4]=`QUEUED`,e[e.NEW=5]=`NEW`,e[e.FAILED=6]=`FAILED`,e[e.EXPIRED=7]=`EXPIRED`,e))(I||{}),L=/* @__PURE__ */ (e=>(e[e.FIRST_TIER=0]=`FIRST_TIER`,e[e.FIRST_ORDERED_TIER=0]=`FIRST_ORDERED_TIER`,e[e.VISIBLE=0]=`VISIBLE`,e[e.PREFETCH=1]=`PREFETCH`,e[e.LAST_ORDERED_TIER=1]=`LAST_ORDERED_TIER`,e[e.RECENT=2]=`RECENT`,e[e.LAST_TIER=2]=`LAST_TIER`,e))(L||{}),Wt=/* @__PURE__ */ (e=>(e[e.totalTime=0]=`totalTime`,e[e.totalChunks=1]=`totalChunks`,e))(Wt||{}),Gt=/* @__PURE__ */ (e=>(e[e.numChunks=0]=`numChunks`,e[e.systemMemoryBytes=1]=`systemMemoryBytes`,e[e.gpuMemoryBytes=2]=`gpuMemoryBytes`,e))(Gt||{});function Kt(e,t){return e*3+t}function qt(e){return 72+e}
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
function Jt(e){let{next:t,prev:n}=e;return{insertAfter(e,r){let i=e[t];r[t]=i,r[n]=e,e[t]=r,i[n]=r},insertBefore(e,r){let i=e[n];r[n]=i,r[t]=e,e[n]=r,i[t]=r},front(e){let n=e[t];return n===e?null:n},back(e){let t=e[n];return t===e?null:t},pop(e){let r=e[t],i=e[n];return r[n]=i,i[t]=r,e[t]=null,e[n]=null,e},*iterator(e){for(let n=e[t];n!==e;n=n[t])yield n},*reverseIterator(e){for(let t=e[n];t!==e;t=t[n])yield t},initializeHead(e){e[t]=e[n]=e}}}
/**
* @license
* Copyright 2025 Google Inc.
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
function Yt(e,t){return e<t?-1:+(e>t)}function Xt(e,t){return BigInt(e)|BigInt(t)<<32n}function Zt(){return Xt(Math.random()*4294967296>>>0,Math.random()*4294967296>>>0)}var R=typeof Float32Array<`u`?Float32Array:Array;Math.hypot||(Math.hypot=function(){for(var e=0,t=arguments.length;t--;)e+=arguments[t]*arguments[t];return Math.sqrt(e)});function Qt(){var e=new R(9);return R!=Float32Array&&(e[1]=0,e[2]=0,e[3]=0,e[5]=0,e[6]=0,e[7]=0),e[0]=1,e[4]=1,e[8]=1,e}function $t(e){var t=e[0],n=e[1],r=e[2],i=e[3],a=e[4],o=e[5],s=e[6],c=e[7],l=e[8];return t*(l*a-o*c)+n*(-l*i+o*s)+r*(c*i-a*s)}function en(){var e=new R(16);return R!=Float32Array&&(e[1]=0,e[2]=0,e[3]=0,e[4]=0,e[6]=0,e[7]=0,e[8]=0,e[9]=0,e[11]=0,e[12]=0,e[13]=0,e[14]=0),e[0]=1,e[5]=1,e[10]=1,e[15]=1,e}function tn(e){var t=new R(16);return t[0]=e[0],t[1]=e[1],t[2]=e[2],t[3]=e[3],t[4]=e[4],t[5]=e[5],t[6]=e[6],t[7]=e[7],t[8]=e[8],t[9]=e[9],t[10]=e[10],t[11]=e[11],t[12]=e[12],t[13]=e[13],t[14]=e[14],t[15]=e[15],t}function nn(e,t){return e[0]=t[0],e[1]=t[1],e[2]=t[2],e[3]=t[3],e[4]=t[4],e[5]=t[5],e[6]=t[6],e[7]=t[7],e[8]=t[8],e[9]=t[9],e[10]=t[10],e[11]=t[11],e[12]=t[12],e[13]=t[13],e[14]=t[14],e[15]=t[15],e}function rn(e,t){var n=t[0],r=t[1],i=t[2],a=t[3],o=t[4],s=t[5],c=t[6],l=t[7],u=t[8],d=t[9],f=t[10],p=t[11],m=t[12],h=t[13],g=t[14],_=t[15],v=n*s-r*o,y=n*c-i*o,b=n*l-a*o,x=r*c-i*s,S=r*l-a*s,C=i*l-a*c,w=u*h-d*m,T=u*g-f*m,E=u*_-p*m,D=d*g-f*h,O=d*_-p*h,ee=f*_-p*g,k=v*ee-y*O+b*D+x*E-S*T+C*w;return k?(k=1/k,e[0]=(s*ee-c*O+l*D)*k,e[1]=(i*O-r*ee-a*D)*k,e[2]=(h*C-g*S+_*x)*k,e[3]=(f*S-d*C-p*x)*k,e[4]=(c*E-o*ee-l*T)*k,e[5]=(n*ee-i*E+a*T)*k,e[6]=(g*b-m*C-_*y)*k,e[7]=(u*C-f*b+p*y)*k,e[8]=(o*O-s*E+l*w)*k,e[9]=(r*E-n*O-a*w)*k,e[10]=(m*S-h*b+_*v)*k,e[11]=(d*b-u*S-p*v)*k,e[12]=(s*T-o*D-c*w)*k,e[13]=(n*D-r*T+i*w)*k,e[14]=(h*y-m*x-g*v)*k,e[15]=(u*x-d*y+f*v)*k,e):null}function an(e,t,n){var r=t[0],i=t[1],a=t[2],o=t[3],s=t[4],c=t[5],l=t[6],u=t[7],d=t[8],f=t[9],p=t[10],m=t[11],h=t[12],g=t[13],_=t[14],v=t[15],y=n[0],b=n[1],x=n[2],S=n[3];return e[0]=y*r+b*s+x*d+S*h,e[1]=y*i+b*c+x*f+S*g,e[2]=y*a+b*l+x*p+S*_,e[3]=y*o+b*u+x*m+S*v,y=n[4],b=n[5],x=n[6],S=n[7],e[4]=y*r+b*s+x*d+S*h,e[5]=y*i+b*c+x*f+S*g,e[6]=y*a+b*l+x*p+S*_,e[7]=y*o+b*u+x*m+S*v,y=n[8],b=n[9],x=n[10],S=n[11],e[8]=y*r+b*s+x*d+S*h,e[9]=y*i+b*c+x*f+S*g,e[10]=y*a+b*l+x*p+S*_,e[11]=y*o+b*u+x*m+S*v,y=n[12],b=n[13],x=n[14],S=n[15],e[12]=y*r+b*s+x*d+S*h,e[13]=y*i+b*c+x*f+S*g,e[14]=y*a+b*l+x*p+S*_,e[15]=y*o+b*u+x*m+S*v,e}function z(){var e=new R(3);return R!=Float32Array&&(e[0]=0,e[1]=0,e[2]=0),e}function on(e){var t=new R(3);return t[0]=e[0],t[1]=e[1],t[2]=e[2],t}function sn(e){var t=e[0],n=e[1],r=e[2];return Math.hypot(t,n,r)}function B(e,t,n){var r=new R(3);return r[0]=e,r[1]=t,r[2]=n,r}function cn(e,t){return e[0]=t[0],e[1]=t[1],e[2]=t[2],e}function ln(e,t,n){return e[0]=t[0]*n[0],e[1]=t[1]*n[1],e[2]=t[2]*n[2],e}function un(e,t){var n=t[0]-e[0],r=t[1]-e[1],i=t[2]-e[2];return Math.hypot(n,r,i)}function dn(e,t){var n=t[0],r=t[1],i=t[2],a=n*n+r*r+i*i;return a>0&&(a=1/Math.sqrt(a)),e[0]=t[0]*a,e[1]=t[1]*a,e[2]=t[2]*a,e}function fn(e,t){return e[0]*t[0]+e[1]*t[1]+e[2]*t[2]}function pn(e,t,n){var r=t[0],i=t[1],a=t[2],o=n[0],s=n[1],c=n[2];return e[0]=i*c-a*s,e[1]=a*o-r*c,e[2]=r*s-i*o,e}function mn(e,t,n){var r=t[0],i=t[1],a=t[2],o=n[3]*r+n[7]*i+n[11]*a+n[15];return o||=1,e[0]=(n[0]*r+n[4]*i+n[8]*a+n[12])/o,e[1]=(n[1]*r+n[5]*i+n[9]*a+n[13])/o,e[2]=(n[2]*r+n[6]*i+n[10]*a+n[14])/o,e}var hn=sn;(function(){var e=z();return function(t,n,r,i,a,o){var s,c;for(n||=3,r||=0,c=i?Math.min(i*n+r,t.length):t.length,s=r;s<c;s+=n)e[0]=t[s],e[1]=t[s+1],e[2]=t[s+2],a(e,e,o),t[s]=e[0],t[s+1]=e[1],t[s+2]=e[2];return t}})();function gn(){var e=new R(4);return R!=Float32Array&&(e[0]=0,e[1]=0,e[2]=0,e[3]=0),e}function _n(e,t,n,r){var i=new R(4);return i[0]=e,i[1]=t,i[2]=n,i[3]=r,i}function vn(e,t){var n=t[0],r=t[1],i=t[2],a=t[3],o=n*n+r*r+i*i+a*a;return o>0&&(o=1/Math.sqrt(o)),e[0]=n*o,e[1]=r*o,e[2]=i*o,e[3]=a*o,e}(function(){var e=gn();return function(t,n,r,i,a,o){var s,c;for(n||=4,r||=0,c=i?Math.min(i*n+r,t.length):t.length,s=r;s<c;s+=n)e[0]=t[s],e[1]=t[s+1],e[2]=t[s+2],e[3]=t[s+3],a(e,e,o),t[s]=e[0],t[s+1]=e[1],t[s+2]=e[2],t[s+3]=e[3];return t}})();function yn(){var e=new R(4);return R!=Float32Array&&(e[0]=0,e[1]=0,e[2]=0),e[3]=1,e}function bn(e,t,n){n*=.5;var r=Math.sin(n);return e[0]=r*t[0],e[1]=r*t[1],e[2]=r*t[2],e[3]=Math.cos(n),e}function xn(e,t,n,r){var i=t[0],a=t[1],o=t[2],s=t[3],c=n[0],l=n[1],u=n[2],d=n[3],f,p=i*c+a*l+o*u+s*d,m,h,g;return p<0&&(p=-p,c=-c,l=-l,u=-u,d=-d),1-p>1e-6?(f=Math.acos(p),m=Math.sin(f),h=Math.sin((1-r)*f)/m,g=Math.sin(r*f)/m):(h=1-r,g=r),e[0]=h*i+g*c,e[1]=h*a+g*l,e[2]=h*o+g*u,e[3]=h*s+g*d,e}function Sn(e,t){var n=t[0]+t[4]+t[8],r;if(n>0)r=Math.sqrt(n+1),e[3]=.5*r,r=.5/r,e[0]=(t[5]-t[7])*r,e[1]=(t[6]-t[2])*r,e[2]=(t[1]-t[3])*r;else{var i=0;t[4]>t[0]&&(i=1),t[8]>t[i*3+i]&&(i=2);var a=(i+1)%3,o=(i+2)%3;r=Math.sqrt(t[i*3+i]-t[a*3+a]-t[o*3+o]+1),e[i]=.5*r,r=.5/r,e[3]=(t[a*3+o]-t[o*3+a])*r,e[a]=(t[a*3+i]+t[i*3+a])*r,e[o]=(t[o*3+i]+t[i*3+o])*r}return e}var Cn=vn;(function(){var e=z(),t=B(1,0,0),n=B(0,1,0);return function(r,i,a){var o=fn(i,a);return o<-.999999?(pn(e,t,i),hn(e)<1e-6&&pn(e,n,i),dn(e,e),bn(r,e,Math.PI),r):o>.999999?(r[0]=0,r[1]=0,r[2]=0,r[3]=1,r):(pn(e,i,a),r[0]=e[0],r[1]=e[1],r[2]=e[2],r[3]=1+o,Cn(r,r))}})(),function(){var e=yn(),t=yn();return function(n,r,i,a,o,s){return xn(e,r,o,s),xn(t,i,a,s),xn(n,e,t,2*s*(1-s)),n}}(),function(){var e=Qt();return function(t,n,r,i){return e[0]=r[0],e[3]=r[1],e[6]=r[2],e[1]=i[0],e[4]=i[1],e[7]=i[2],e[2]=-n[0],e[5]=-n[1],e[8]=-n[2],Cn(t,Sn(t,e))}}();
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
function V(e,t){let n=e.length;if(t.length!==n)return!1;for(let r=0;r<n;++r)if(e[r]!==t[r])return!1;return!0}
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
en(),B(1,0,0),B(0,1,0),B(0,0,1),B(0,0,0),_n(0,0,0,0),B(1,1,1),B(1/0,1/0,1/0),yn();function wn(e){return e[0]*e[1]*e[2]}function Tn(e){return`${e[0]},${e[1]},${e[2]}`}function En(e,t,n){let r=t[0],i=t[1],a=t[2];return e[0]=n[0]*r+n[4]*i+n[8]*a,e[1]=n[1]*r+n[5]*i+n[9]*a,e[2]=n[2]*r+n[6]*i+n[10]*a,e}function Dn(e,t,n){let r=t[0],i=t[1],a=t[2];return e[0]=n[0]*r+n[1]*i+n[2]*a,e[1]=n[4]*r+n[5]*i+n[6]*a,e[2]=n[8]*r+n[9]*i+n[10]*a,e}function On(e,t){let n=t[0],r=t[1],i=t[2],a=t[4],o=t[5],s=t[6],c=t[8],l=t[9],u=t[10];return e[0]=n,e[1]=r,e[2]=i,e[3]=a,e[4]=o,e[5]=s,e[6]=c,e[7]=l,e[8]=u,e}function kn(e,t){let n=t[0],r=t[1],i=t[2],a=t[3],o=t[4],s=t[5],c=t[6],l=t[7],u=t[8],d=t[9],f=t[10],p=t[11],m=t[12],h=t[13],g=t[14],_=t[15];e[0]=a+n,e[1]=l+o,e[2]=p+u,e[3]=_+m,e[4]=a-n,e[5]=l-o,e[6]=p-u,e[7]=_-m,e[8]=a+r,e[9]=l+s,e[10]=p+d,e[11]=_+h,e[12]=a-r,e[13]=l-s,e[14]=p-d,e[15]=_-h;let v=a+i,y=l+c,b=p+f,x=_+g,S=a-i,C=l-c,w=p-f,T=_-g,E=Math.sqrt(v**2+y**2+b**2);e[16]=v/E,e[17]=y/E,e[18]=b/E,e[19]=x/E;let D=Math.sqrt(S**2+C**2+w**2);return e[20]=S/D,e[21]=C/D,e[22]=w/D,e[23]=T/D,e}function An(e,t,n,r,i,a,o){for(let s=0;s<6;++s){let c=o[s*4],l=o[s*4+1],u=o[s*4+2],d=o[s*4+3];if(Math.max(c*e,c*r)+Math.max(l*t,l*i)+Math.max(u*n,u*a)+d<0)return!1}return!0}function jn(e,t,n,r,i,a,o){for(let s=0;s<4;++s){let c=o[s*4],l=o[s*4+1],u=o[s*4+2],d=o[s*4+3];if(Math.max(c*e,c*r)+Math.max(l*t,l*i)+Math.max(u*n,u*a)+d<0)return!1}{let s=o[20],c=o[21],l=o[22],u=o[23],d=Math.max(s*e,s*r)+Math.max(c*t,c*i)+Math.max(l*n,l*a),f=Math.min(s*e,s*r)+Math.min(c*t,c*i)+Math.min(l*n,l*a),p=Math.abs(u)*1e-6;if(f>-u+p||d<-u-p)return!1}return!0}function Mn(e){if(e[15]===1){let t=2/Math.abs(e[10]);return 2/Math.abs(e[0])*(2/Math.abs(e[5]))*t}let t=e[10],n=2*e[14]/(2*t-2),r=(t-1)*n/(t+1);return 4/(e[0]*e[5])/3*(Math.abs(r)**3-Math.abs(n)**3)}function Nn(e){if(e[15]===1)return 2/Math.abs(e[10]);let t=e[10],n=2*e[14]/(2*t-2),r=(t-1)*n/(t+1);return Math.abs(r-n)}z();
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
function H(e){if(typeof e==`object`){if(e===null)return`null`;if(Array.isArray(e)){let t=`[`,n=e.length,r=0;if(r<n)for(t+=H(e[r]);++r<n;)t+=`,`,t+=H(e[r]);return t+=`]`,t}let t=`{`,n=Object.keys(e).sort(),r=0,i=n.length;if(r<i){let a=n[r];for(t+=JSON.stringify(a),t+=`:`,t+=H(e[a]);++r<i;)t+=`,`,a=n[r],t+=JSON.stringify(a),t+=`:`,t+=H(e[a])}return t+=`}`,t}return typeof e==`bigint`?e.toString():JSON.stringify(e)}const Pn=/('(?:[^'\\]|(?:\\.))*')/,Fn=/("(?:[^"\\]|(?:\\.))*")/;RegExp(`${Pn.source}|${Fn.source}`),RegExp(`${Fn.source}|${Pn.source}`);function In(e,t){if(!Array.isArray(e))throw Error(`Expected array, but received: ${JSON.stringify(e)}.`);return e.map(t)}function Ln(e,t,n){let r=e.length;if(!Array.isArray(t)||t.length!==r)throw Error(`Expected length ${r} array, but received: ${JSON.stringify(t)}.`);for(let i=0;i<r;++i)e[i]=n(t[i],i);return e}function Rn(e){if(typeof e!=`object`||!e||Array.isArray(e))throw Error(`Expected JSON object, but received: ${JSON.stringify(e)}.`);return e}function zn(e){if(typeof e!=`string`)throw Error(`Expected string, but received: ${JSON.stringify(e)}.`);return e}function U(e,t,n){let r=Object.prototype.hasOwnProperty.call(e,t)?e[t]:void 0;try{return n(r)}catch(e){throw Error(`Error parsing ${JSON.stringify(t)} property: ${e.message}`)}}function Bn(e,t,n,r){return U(e,t,e=>e===void 0?r:n(e))}function Vn(e,t,n=/^[a-zA-Z]/){if(typeof e==`string`&&e.match(n)!==null){let n=e.toUpperCase();if(Object.prototype.hasOwnProperty.call(t,n))return t[n]}throw Error(`Invalid enum value: ${JSON.stringify(e)}.`)}function Hn(e){let t;switch(typeof e){case`string`:if(e.match(/^(?:0|[1-9][0-9]*)$/)===null)throw Error(`Expected base-10 number, but received: ${JSON.stringify(e)}`);t=BigInt(e);break;case`number`:t=BigInt(e);break;case`bigint`:t=e;break;default:throw Error(`Expected uint64 value, but received: ${JSON.stringify(e)}`)}if(t<0n||t>18446744073709551615n)throw Error(`Expected uint64 value, but received: ${t}`);return t}
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
var Un=class{map=/* @__PURE__ */ new Map;get(e,t){let{map:n}=this,r=n.get(e);return r===void 0?(r=t(),r.registerDisposer(()=>{n.delete(e)}),n.set(e,r)):r.addRef(),r}},Wn=class extends Un{get(e,t){return typeof e!=`string`&&(e=H(e)),super.get(e,t)}getUncounted(e,t){return this.get(e,()=>new dt(t())).value}getAsync(e,t,n){return this.getUncounted(e,()=>Gn(n))(t)}};function Gn(e){let t,n,r,i=!1;return async a=>{if(i)return r;let{signal:o}=a;if(o?.throwIfAborted(),r===void 0||n.signal.aborted){t=new wt,n=new gt;let a=n;r=(async()=>{try{return await e({signal:a.signal,progressListener:t})}catch(e){throw a.signal.aborted&&(r=void 0),e}finally{r!==void 0&&(i=!0),t=void 0,a[Symbol.dispose](),n===a&&(n=void 0)}})()}n.addConsumer(o);let s=t;s.addListener(a.progressListener);try{return await vt(r,o)}finally{s.removeListener(a.progressListener)}}}
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
function Kn(e){let{child:t,next:n,prev:r,compare:i}=e;function a(e){let i=e[t];if(i===null)return null;let a=null;for(;;){let e=i[n],t,r;if(e===null?(t=null,r=i):(t=e[n],r=o(i,e)),r[n]=a,a=r,t===null)break;i=t}let s=a;for(a=a[n];a!==null;){let e=a[n];s=o(s,a),a=e}return s[r]=null,s[n]=null,s}function o(e,a){if(a===null)return e;if(e===null)return a;if(i(a,e)){let t=e;e=a,a=t}let o=e[t];return a[n]=o,a[r]=e,o!==null&&(o[r]=a),e[t]=a,e}function s(e){let i=a(e);return e[n]=null,e[r]=null,e[t]=null,i}function c(e,i){if(e===i)return s(e);let c=i[r],l=i[n];c[t]===i?c[t]=l:c[n]=l,l!==null&&(l[r]=c);let u=o(e,a(i));return i[n]=null,i[r]=null,i[t]=null,u}function*l(e){if(e!==null){let r=e[t];for(yield e;r!==null;){let e=r[n];yield*l(r),r=e}}}function*u(e){if(e!==null){let i=e[t];for(e[t]=null,e[n]=null,e[r]=null,yield e;i!==null;){let e=i[n];i[t]=null,i[n]=null,i[r]=null,yield*l(i),i=e}}}return{compare:i,meld:o,removeMin:s,remove:c,entries:l,removedEntries:u}}
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
var qn=Object.defineProperty,Jn=Object.getOwnPropertyDescriptor,Yn=(e,t,n,r)=>{for(var i=r>1?void 0:r?Jn(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&qn(t,n,i),i};let Xn=0;function Zn(){return++Xn}var W=class{child0=null;next0=null;prev0=null;child1=null;next1=null;prev1=null;source=null;key=null;state_=I.NEW;error=null;markGeneration=-1;priority=0;newPriority=0;priorityTier=L.RECENT;newPriorityTier=L.RECENT;systemMemoryBytes_=0;gpuMemoryBytes_=0;downloadSlots_=1;isComputational=!1;requestedState=I.NEW;newRequestedState=I.NEW;downloadAbortController=void 0;initialize(e){this.key=e,this.priority=-1/0,this.priorityTier=L.RECENT,this.newPriority=-1/0,this.newPriorityTier=L.RECENT,this.error=null,this.state=I.NEW,this.requestedState=I.NEW,this.newRequestedState=I.NEW}updatePriorityProperties(){this.priorityTier=this.newPriorityTier,this.priority=this.newPriority,this.newPriorityTier=L.RECENT,this.newPriority=-1/0,this.requestedState=this.newRequestedState,this.newRequestedState=I.NEW}dispose(){this.source=null,this.error=null}get chunkManager(){return this.source.chunkManager}get queueManager(){return this.source.chunkManager.queueManager}downloadFailed(e){this.error=e,this.queueManager.updateChunkState(this,I.FAILED)}downloadSucceeded(){this.requestedState===I.SYSTEM_MEMORY?(this.queueManager.moveChunkToFrontend(this),this.queueManager.updateChunkState(this,I.SYSTEM_MEMORY)):this.queueManager.updateChunkState(this,I.SYSTEM_MEMORY_WORKER)}freeSystemMemory(){}serialize(e,t){e.id=this.key,e.source=this.source.rpcId,e.new=!0}toString(){return this.key}set state(e){if(e===this.state_)return;let t=this.state_;this.state_=e,this.source.chunkStateChanged(this,t)}get state(){return this.state_}set systemMemoryBytes(e){G(this,-1),this.chunkManager.queueManager.adjustCapacitiesForChunk(this,!1),this.systemMemoryBytes_=e,this.chunkManager.queueManager.adjustCapacitiesForChunk(this,!0),G(this,1),this.chunkManager.queueManager.scheduleUpdate()}get systemMemoryBytes(){return this.systemMemoryBytes_}set gpuMemoryBytes(e){G(this,-1),this.chunkManager.queueManager.adjustCapacitiesForChunk(this,!1),this.gpuMemoryBytes_=e,this.chunkManager.queueManager.adjustCapacitiesForChunk(this,!0),G(this,1),this.chunkManager.queueManager.scheduleUpdate()}get gpuMemoryBytes(){return this.gpuMemoryBytes_}get downloadSlots(){return this.downloadSlots_}set downloadSlots(e){e!==this.downloadSlots_&&(G(this,-1),this.chunkManager.queueManager.adjustCapacitiesForChunk(this,!1),this.downloadSlots_=e,this.chunkManager.queueManager.adjustCapacitiesForChunk(this,!0),G(this,1),this.chunkManager.queueManager.scheduleUpdate())}registerListener(e){return this.source?this.source.registerChunkListener(this.key,e):!1}unregisterListener(e){return this.source?this.source.unregisterChunkListener(this.key,e):!1}static priorityLess(e,t){return e.priority<t.priority}static priorityGreater(e,t){return e.priority>t.priority}},Qn=class extends Ft{constructor(e){super(),this.chunkManager=e,e.queueManager.sources.add(this)}listeners_=/* @__PURE__ */ new Map;chunks=/* @__PURE__ */ new Map;freeChunks=[];statistics=/* @__PURE__ */ new Float64Array(74);sourceQueueLevel=0;disposed(){this.chunkManager.queueManager.sources.delete(this),super.disposed()}getNewChunk_(e){let t=this.freeChunks,n=t.length;if(n>0){let e=t[n-1];return t.length=n-1,e.source=this,e}let r=new e;return r.source=this,r}addChunk(e){let{chunks:t}=this;t.size===0&&this.addRef(),t.set(e.key,e),G(e,1)}removeChunk(e){let{chunks:t,freeChunks:n}=this;t.delete(e.key),e.dispose(),n[n.length]=e,t.size===0&&this.dispose()}registerChunkListener(e,t){return this.listeners_.has(e)?this.listeners_.get(e).push(t):this.listeners_.set(e,[t]),!0}unregisterChunkListener(e,t){if(!this.listeners_.has(e))return!1;let n=this.listeners_.get(e),r=n.indexOf(t);return r<0?!1:(n.splice(r,1),n.length===0&&this.listeners_.delete(e),!0)}chunkStateChanged(e,t){let{key:n}=e;if(n===null)return;let r=this.listeners_.get(n);if(r!==void 0)for(let n of r.slice())n(e,t)}};function G(e,t){let{statistics:n}=e.source,{systemMemoryBytes:r,gpuMemoryBytes:i}=e,a=Kt(e.state,e.priorityTier);n[a*3+Gt.numChunks]+=t,n[a*3+Gt.systemMemoryBytes]+=t*r,n[a*3+Gt.gpuMemoryBytes]+=t*i}var $n=class extends Qn{constructor(e,t){let n=e.get(t.chunkManager);super(n),It(this,e,t)}};function er(e){let t=e.downloadAbortController=new AbortController,n=Date.now();e.source.download(e,t.signal).then(()=>{if(e.downloadAbortController===t){e.downloadAbortController=void 0;let t=Date.now(),{statistics:r}=e.source;r[qt(Wt.totalTime)]+=t-n,++r[qt(Wt.totalChunks)],e.downloadSucceeded()}},n=>{e.downloadAbortController===t&&(e.downloadAbortController=void 0,e.downloadFailed(n),console.log(`Error retrieving chunk ${e}: ${n}`))})}function tr(e){let t=e.downloadAbortController;e.downloadAbortController=void 0,t.abort(new DOMException(`chunk download cancelled`,`AbortError`))}var nr=class{constructor(e,t){this.heapOperations=e,this.linkedListOperations=t,t.initializeHead(this.recentHead)}heapRoots=[null,null];recentHead=new W;add(e){let t=e.priorityTier;if(t===L.RECENT)this.linkedListOperations.insertAfter(this.recentHead,e);else{let{heapRoots:n}=this;n[t]=this.heapOperations.meld(n[t],e)}}*candidates(){if(this.heapOperations.compare===W.priorityLess){let{linkedListOperations:e,recentHead:t}=this;for(;;){let n=e.back(t);if(n==null)break;yield n}let{heapRoots:n}=this;for(let e=L.LAST_ORDERED_TIER;e>=L.FIRST_ORDERED_TIER;--e)for(;;){let t=n[e];if(t==null)break;yield t}}else{let e=this.heapRoots;for(let t=L.FIRST_ORDERED_TIER;t<=L.LAST_ORDERED_TIER;++t)for(;;){let n=e[t];if(n==null)break;yield n}let{linkedListOperations:t,recentHead:n}=this;for(;;){let e=t.front(n);if(e==null)break;yield e}}}delete(e){let t=e.priorityTier;if(t===L.RECENT)this.linkedListOperations.pop(e);else{let n=this.heapRoots;n[t]=this.heapOperations.remove(n[t],e)}}};const rr=Jt({next:`next0`,prev:`prev0`}),ir=Jt({next:`next1`,prev:`prev1`});function ar(e){return new nr(Kn({compare:e,child:`child0`,next:`next0`,prev:`prev0`}),rr)}function K(e){return new nr(Kn({compare:e,child:`child1`,next:`next1`,prev:`prev1`}),ir)}function or(e,t,n,r,i,a){for(;t.availableItems<1||t.availableSize<e;){let e=i.next().value;if(e===void 0)return!1;let t=e.priorityTier;if(t<n||t===n&&e.priority>=r)return!1;a(e)}return!0}var sr=class extends A{constructor(e,t){super(),this.itemLimit=e,this.sizeLimit=t,this.registerDisposer(e.changed.add(this.capacityChanged.dispatch)),this.registerDisposer(t.changed.add(this.capacityChanged.dispatch))}currentSize=0;currentItems=0;capacityChanged=new j;adjust(e,t){this.currentItems-=e,this.currentSize-=t}get availableSize(){return this.sizeLimit.value-this.currentSize}get availableItems(){return this.itemLimit.value-this.currentItems}toString(){return`bytes=${this.currentSize}/${this.sizeLimit.value},items=${this.currentItems}/${this.itemLimit.value}`}};let cr=class extends P{gpuMemoryCapacity;systemMemoryCapacity;downloadCapacity;computeCapacity;enablePrefetch;sources=/* @__PURE__ */ new Set;queuedDownloadPromotionQueue=[K(W.priorityGreater),K(W.priorityGreater)];queuedComputePromotionQueue=K(W.priorityGreater);downloadEvictionQueue=[K(W.priorityLess),K(W.priorityLess)];computeEvictionQueue=K(W.priorityLess);systemMemoryEvictionQueue=ar(W.priorityLess);gpuMemoryPromotionQueue=K(W.priorityGreater);gpuMemoryEvictionQueue=K(W.priorityLess);updatePending=null;gpuMemoryChanged=new j;numQueued=0;numFailed=0;gpuMemoryGeneration=0;constructor(e,t){super(e,t);let n=t=>{let n=this.registerDisposer(new sr(e.get(t.itemLimit),e.get(t.sizeLimit)));return n.capacityChanged.add(()=>this.scheduleUpdate()),n};this.gpuMemoryCapacity=n(t.gpuMemoryCapacity),this.systemMemoryCapacity=n(t.systemMemoryCapacity),this.enablePrefetch=e.get(t.enablePrefetch),this.downloadCapacity=[n(t.downloadCapacity),n(t.downloadCapacity)],this.computeCapacity=n(t.computeCapacity)}scheduleUpdate(){this.updatePending===null&&(this.updatePending=setTimeout(this.process.bind(this),0))}*chunkQueuesForChunk(e){switch(e.state){case I.QUEUED:e.isComputational?yield this.queuedComputePromotionQueue:yield this.queuedDownloadPromotionQueue[e.source.sourceQueueLevel];break;case I.DOWNLOADING:e.isComputational?yield this.computeEvictionQueue:(yield this.downloadEvictionQueue[e.source.sourceQueueLevel],yield this.systemMemoryEvictionQueue);break;case I.SYSTEM_MEMORY_WORKER:case I.SYSTEM_MEMORY:yield this.systemMemoryEvictionQueue,e.requestedState===I.GPU_MEMORY&&(yield this.gpuMemoryPromotionQueue);break;case I.GPU_MEMORY:yield this.systemMemoryEvictionQueue,yield this.gpuMemoryEvictionQueue}}adjustCapacitiesForChunk(e,t){let n=t?-1:1;switch(e.state){case I.FAILED:this.numFailed-=n;break;case I.QUEUED:this.numQueued-=n;break;case I.DOWNLOADING:(e.isComputational?this.computeCapacity:this.downloadCapacity[e.source.sourceQueueLevel]).adjust(n*e.downloadSlots,n*e.systemMemoryBytes),this.systemMemoryCapacity.adjust(n,n*e.systemMemoryBytes);break;case I.SYSTEM_MEMORY:case I.SYSTEM_MEMORY_WORKER:this.systemMemoryCapacity.adjust(n,n*e.systemMemoryBytes);break;case I.GPU_MEMORY:this.systemMemoryCapacity.adjust(n,n*e.systemMemoryBytes),this.gpuMemoryCapacity.adjust(n,n*e.gpuMemoryBytes)}}removeChunkFromQueues_(e){G(e,-1);for(let t of this.chunkQueuesForChunk(e))t.delete(e)}addChunkToQueues_(e){if(e.state===I.QUEUED&&e.priorityTier===L.RECENT){let{source:t}=e;return t.removeChunk(e),this.adjustCapacitiesForChunk(e,!1),!1}G(e,1);for(let t of this.chunkQueuesForChunk(e))t.add(e);return!0}performChunkPriorityUpdate(e){e.priorityTier===e.newPriorityTier&&e.priority===e.newPriority?(e.newPriorityTier=L.RECENT,e.newPriority=-1/0):(this.removeChunkFromQueues_(e),e.updatePriorityProperties(),e.state===I.NEW&&(e.state=I.QUEUED,this.adjustCapacitiesForChunk(e,!0)),this.addChunkToQueues_(e))}updateChunkState(e,t){t!==e.state&&(this.adjustCapacitiesForChunk(e,!1),this.removeChunkFromQueues_(e),e.state=t,this.adjustCapacitiesForChunk(e,!0),this.addChunkToQueues_(e),this.scheduleUpdate())}markRecentlyUsed(e){this.removeChunkFromQueues_(e),this.addChunkToQueues_(e)}processGPUPromotions_(){let e=this;function t(t){e.freeChunkGPUMemory(t),t.source.chunkManager.queueManager.updateChunkState(t,I.SYSTEM_MEMORY)}let n=this.gpuMemoryPromotionQueue.candidates(),r=this.gpuMemoryEvictionQueue.candidates(),i=this.gpuMemoryCapacity;for(;;){let e=n.next().value;if(e===void 0)break;let a=e.priorityTier,o=e.priority;if(!or(e.gpuMemoryBytes,i,a,o,r,t))break;this.copyChunkToGPU(e),this.updateChunkState(e,I.GPU_MEMORY)}}freeChunkGPUMemory(e){++this.gpuMemoryGeneration,this.rpc.invoke(`Chunk.update`,{id:e.key,state:I.SYSTEM_MEMORY,source:e.source.rpcId})}freeChunkSystemMemory(e){e.state===I.SYSTEM_MEMORY_WORKER?e.freeSystemMemory():this.rpc.invoke(`Chunk.update`,{id:e.key,state:I.EXPIRED,source:e.source.rpcId})}retrieveChunkData(e){return this.rpc.promiseInvoke(`Chunk.retrieve`,{key:e.key,source:e.source.rpcId})}copyChunkToGPU(e){++this.gpuMemoryGeneration;let t=this.rpc;if(e.state===I.SYSTEM_MEMORY)t.invoke(`Chunk.update`,{id:e.key,source:e.source.rpcId,state:I.GPU_MEMORY});else{let n={},r=[];e.serialize(n,r),n.state=I.GPU_MEMORY,t.invoke(`Chunk.update`,n,r)}}moveChunkToFrontend(e){let t=this.rpc,n={},r=[];e.serialize(n,r),n.state=I.SYSTEM_MEMORY,t.invoke(`Chunk.update`,n,r)}processQueuePromotions_(){let e=e=>{switch(e.state){case I.DOWNLOADING:tr(e);break;case I.GPU_MEMORY:this.freeChunkGPUMemory(e);case I.SYSTEM_MEMORY_WORKER:case I.SYSTEM_MEMORY:this.freeChunkSystemMemory(e)}this.updateChunkState(e,I.QUEUED)},t=(t,n,r)=>{let i=this.systemMemoryEvictionQueue.candidates(),a=this.systemMemoryCapacity;for(;;){let o=t.next();if(o.done)return;let s=o.value,c=s.priorityTier,l=s.priority;if(!or(0,r,c,l,n,e)||!or(0,a,c,l,i,e))return;this.updateChunkState(s,I.DOWNLOADING),er(s)}};for(let e=0;e<2;++e)t(this.queuedDownloadPromotionQueue[e].candidates(),this.downloadEvictionQueue[e].candidates(),this.downloadCapacity[e]);t(this.queuedComputePromotionQueue.candidates(),this.computeEvictionQueue.candidates(),this.computeCapacity)}process(){if(!this.updatePending)return;this.updatePending=null;let e=this.gpuMemoryGeneration;this.processGPUPromotions_(),this.processQueuePromotions_(),this.logStatistics(),this.gpuMemoryGeneration!==e&&this.gpuMemoryChanged.dispatch()}logStatistics(){}invalidateSourceCache(e){for(let t of e.chunks.values()){switch(t.state){case I.DOWNLOADING:tr(t);break;case I.SYSTEM_MEMORY_WORKER:t.freeSystemMemory()}this.updateChunkState(t,I.QUEUED)}this.rpc.invoke(`Chunk.update`,{source:e.rpcId}),this.scheduleUpdate()}};cr=Yn([F(`ChunkQueueManager`)],cr);var lr=class extends P{chunkManagerGeneration=-1;numVisibleChunksNeeded=0;numVisibleChunksAvailable=0;numPrefetchChunksNeeded=0;numPrefetchChunksAvailable=0};let ur=class extends P{queueManager;existingTierChunks=[];newTierChunks=[];updatePending=null;recomputeChunkPriorities=new j;recomputeChunkPrioritiesLate=new j;memoize=new Wn;layers=[];sendLayerChunkStatistics=this.registerCancellable(st(()=>{this.rpc.invoke(`ChunkManager.chunkLayerStatistics`,{id:this.rpcId,layers:this.layers.map(e=>({id:e.rpcId,numVisibleChunksAvailable:e.numVisibleChunksAvailable,numVisibleChunksNeeded:e.numVisibleChunksNeeded,numPrefetchChunksAvailable:e.numPrefetchChunksAvailable,numPrefetchChunksNeeded:e.numPrefetchChunksNeeded}))})},200));constructor(e,t){super(e,t),this.queueManager=e.get(t.chunkQueueManager).addRef(),this.registerDisposer(this.queueManager.gpuMemoryChanged.add(this.registerCancellable(st(()=>this.scheduleUpdateChunkPriorities(),200,{leading:!1,trailing:!0}))));for(let e=L.FIRST_TIER;e<=L.LAST_TIER;++e)e!==L.RECENT&&(this.existingTierChunks[e]=[])}scheduleUpdateChunkPriorities(){this.updatePending===null&&(this.updatePending=setTimeout(this.recomputeChunkPriorities_.bind(this),0))}registerLayer(e){let t=this.recomputeChunkPriorities.count;e.chunkManagerGeneration!==t&&(e.chunkManagerGeneration=t,this.layers.push(e),e.numVisibleChunksAvailable=0,e.numVisibleChunksNeeded=0,e.numPrefetchChunksAvailable=0,e.numPrefetchChunksNeeded=0)}recomputeChunkPriorities_(){this.updatePending=null,this.layers.length=0,this.recomputeChunkPriorities.dispatch(),this.recomputeChunkPrioritiesLate.dispatch(),this.updateQueueState([L.VISIBLE,L.PREFETCH]),this.sendLayerChunkStatistics()}requestChunk(e,t,n,r=I.GPU_MEMORY){if(Number.isNaN(n))return;if(t===L.RECENT)throw Error(`Not going to request a chunk with the RECENT tier`);e.newRequestedState=Math.min(e.newRequestedState,r),e.newPriorityTier===L.RECENT&&this.newTierChunks.push(e);let i=e.newPriorityTier;(t<i||t===i&&n>e.newPriority)&&(e.newPriorityTier=t,e.newPriority=n)}updateQueueState(e){let t=this.existingTierChunks,n=this.queueManager;for(let r of e){let e=t[r];for(let t of e)t.newPriorityTier===L.RECENT&&n.performChunkPriorityUpdate(t);e.length=0}let r=this.newTierChunks;for(let e of r)n.performChunkPriorityUpdate(e),t[e.priorityTier].push(e);r.length=0,this.queueManager.scheduleUpdate()}};ur=Yn([F(`ChunkManager`)],ur);function dr(e,t){let n=class extends e{parameters;constructor(...e){super(...e);let t=e[1];this.parameters=t.parameters}};return n=Yn([Rt(t.RPC_ID)],n),n}function fr(e){return class extends e{chunkManager;constructor(...e){super(...e);let t=e[0],n=e[1];this.chunkManager=t.get(n.chunkManager)}}}M(`ChunkSource.invalidate`,function(e){let t=this.get(e.id);t.chunkManager.queueManager.invalidateSourceCache(t)}),N(`ChunkQueueManager.requestChunkStatistics`,function(e){let t=this.get(e.queue),n=/* @__PURE__ */ new Map;for(let e of t.sources)n.set(e.rpcId,e.statistics);return Promise.resolve({value:n})});
/**
* @license
* Copyright 2017 Google Inc.
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
var pr=class extends A{};function mr(e){let t,n;return async(r,i)=>((n===void 0||r!==void 0&&t?.generation===r.generation)&&(t=void 0,n=Gn(async n=>(t=await e(r,n),t))),n(i??{}))}var hr=class extends A{constructor(e){super(),this.base=e}memoize=new Wn;getCredentialsProvider(e,t){return this.memoize.get({key:e,parameters:t},()=>this.registerDisposer(this.base.getCredentialsProvider(e,t).addRef()))}},gr=Object.defineProperty,_r=Object.getOwnPropertyDescriptor,vr=(e,t,n,r)=>{
/**
* @license
* Copyright 2017 Google Inc.
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
* Copyright 2017 Google Inc.
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
for(var i=r>1?void 0:r?_r(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&gr(t,n,i),i};let yr=class extends P{get=mr((e,t)=>this.rpc.promiseInvoke(`CredentialsProvider.get`,{providerId:this.rpcId,invalidCredentials:e},{signal:t.signal,progressListener:t.progressListener}))};yr=vr([F(`CredentialsProvider`)],yr);var br=class extends pr{constructor(e,t,n,r){super(),this.rpc=e,this.managerId=t,this.key=n,this.parameters=r}get=mr((e,t)=>this.rpc.promiseInvoke(`CredentialsManager.get`,{managerId:this.managerId,key:this.key,parameters:this.parameters,invalidCredentials:e},{signal:t.signal,progressListener:t.progressListener}))};let xr=class extends P{impl=new hr(this.makeBaseCredentialsManager());makeBaseCredentialsManager(){return{getCredentialsProvider:(e,t)=>new br(this.rpc,this.rpcId,e,t)}}getCredentialsProvider(e,t){return this.impl.getCredentialsProvider(e,t)}};xr=vr([F(`CredentialsManager`)],xr);
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
var Sr=class extends Error{constructor(e,t){super(`${e.getUrl()} not found`,t)}};async function Cr(e,t,n={}){return wr(new q(e,t),n)}async function wr(e,t={}){let n=await e.read(t);if(t?.throwIfMissing===!0&&n===void 0)throw new Sr(e);if(t?.strictByteRange===!0&&n!==void 0){let{byteRange:r}=t,{offset:i,length:a}=n;if(r!==void 0&&(`suffixLength`in r?a!==r.suffixLength:i!==r.offset||a!==void 0&&a!==r.length))throw Error(`Received truncated response for ${e.getUrl()}, expected ${JSON.stringify(r)} but received offset=${i}, length=${a}`)}return n}function Tr(e,t,n,r){switch(r){case`suffix`:{let n=t.length;return{directories:e.directories.map(e=>e.substring(n)),entries:e.entries.map(({key:e,...t})=>({...t,key:e.substring(n)}))}}case`url`:return{directories:e.directories.map(e=>n.getUrl(e)),entries:e.entries.map(({key:e,...t})=>({...t,key:n.getUrl(e)}))};default:return e}}async function Er(e,t,n={}){if(!e.list)throw Error(`Listing not supported`);return Tr(await e.list(t,n),t,e,n.responseKeys)}var q=class{constructor(e,t){this.store=e,this.key=t}stat(e){return this.store.stat(this.key,e)}read(e){return this.store.read(this.key,e)}getUrl(){return this.store.getUrl(this.key)}};
/**
* @license
* Copyright 2024 Google Inc.
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
function Dr(e){return e.match(/.*?([^|]*)$/)[1]}const Or=/^(?:([a-zA-Z][a-zA-Z0-9-+.]*):)?(.*)$/;function kr(e){let t=e.match(Or),n=t[1],r=t[2];return n===void 0?{url:e,scheme:e,suffix:void 0}:{url:e,scheme:n,suffix:r}}function Ar(e){return e.split(`|`).map(kr)}function jr(e){let{suffix:t}=e;if(t!==void 0&&t.match(/[#?]/))throw Error(`Invalid URL ${e.url}: query parameters and/or fragment not supported`)}function Mr(e){if(e.suffix)throw Error(`Invalid URL syntax ${JSON.stringify(e.url)}, expected "${e.scheme}:"`)}function Nr(e){let[,t,n]=e.match(/^(.*?[^|?#]*)([^|]*)$/);return{base:t,queryAndFragment:n}}function Pr(e,t){let n=e;e.endsWith(`/`)&&(e=e.substring(0,e.length-1));for(let r of t.split(`/`))if(r!==``&&r!==`.`){if(r===`..`){let r=e.lastIndexOf(`/`);if(r<=0)throw Error(`Invalid relative path ${JSON.stringify(t)} from base path ${JSON.stringify(n)}`);e=e.substring(0,r)}else e!==``&&(e+=`/`),e+=r}return t.endsWith(`/`)&&(e+=`/`),e}function Fr(e){return encodeURI(e).replace(/[?#@]/g,e=>`%${e.charCodeAt(0).toString(16).toUpperCase()}`)}function Ir(e,t){let{base:n,queryAndFragment:r}=Nr(e);return n+Fr(t)+r}function Lr(e){let t=new URL(e);if(t.hash)throw Error(`fragment not supported`);if(t.username||t.password)throw Error(`basic auth credentials not supported`);return{baseUrl:`${t.origin}/${t.search}`,path:decodeURIComponent(t.pathname.substring(1))}}
/**
* @license
* Copyright 2025 Google Inc.
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
function Rr(e){return async t=>{let n=[],r=await Promise.allSettled(e.map(e=>e.match(t)));for(let e of r)e.status===`fulfilled`&&n.push(...e.value);return n}}function zr(e){let t=/* @__PURE__ */ new Set,n=/* @__PURE__ */ new Set;for(let r of e){let{fileNames:e,subDirectories:i}=r;if(e!==void 0)for(let n of e)t.add(n);if(i!==void 0)for(let e of i)n.add(e)}return{fileNames:t,subDirectories:n,match:Rr(e)}}function Br(e){let t=0,n=0;for(let r of e)t=Math.max(t,r.prefixLength),n=Math.max(n,r.suffixLength);return{prefixLength:t,suffixLength:n,match:Rr(e)}}var Vr=class{directorySpecs=[];fileSpecs=[];_directorySpec;_fileSpec;registerDirectoryFormat(e){this.directorySpecs.push(e),this._directorySpec=void 0}registerFileFormat(e){this.fileSpecs.push(e),this._fileSpec=void 0}copyTo(e){e.directorySpecs.push(...this.directorySpecs),e.fileSpecs.push(...this.fileSpecs),e._fileSpec=void 0,e._directorySpec=void 0}get directorySpec(){return this._directorySpec??=this.getDirectorySpec()}getDirectorySpec(){return zr(this.directorySpecs)}get fileSpec(){return this._fileSpec??=this.getFileSpec()}getFileSpec(){let{fileSpecs:e}=this;return Br([...e])}},Hr=class{baseKvStoreProviders=/* @__PURE__ */ new Map;kvStoreAdapterProviders=/* @__PURE__ */ new Map;autoDetectRegistry=new Vr;getKvStore(e){
/**
* @license
* Copyright 2024 Google Inc.
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
let t=Ar(e),n;{let e=t[0];n=this.getBaseKvStoreProvider(e).getKvStore(e)}for(let e=1;e<t.length;++e)n=this.applyKvStoreAdapterUrl(n,t[e]);return n}getFileHandle(e){let{store:t,path:n}=this.getKvStore(e);return new q(t,n)}getBaseKvStoreProvider(e){let t=this.baseKvStoreProviders.get(e.scheme);if(t===void 0){let t=this.describeProtocolUsage(e.scheme),n=`Invalid base kvstore protocol "${e.scheme}:"`;throw t!==void 0&&(n+=`; ${t}`),Error(n)}return t}getKvStoreAdapterProvider(e){let t=this.kvStoreAdapterProviders.get(e.scheme);if(t===void 0){let t=this.describeProtocolUsage(e.scheme),n=`Invalid kvstore adapter protocol "${e.scheme}:"`;throw t!==void 0&&(n+=`; ${t}`),n+=`; supported schemes: ${JSON.stringify(Array.from(this.kvStoreAdapterProviders.keys()))}`,Error(n)}return t}applyKvStoreAdapterUrl(e,t){return this.getKvStoreAdapterProvider(t).getKvStore(t,e)}describeProtocolUsage(e){if(this.baseKvStoreProviders.has(e))return`"${e}:" may only be used as a base kvstore protocol`;if(this.kvStoreAdapterProviders.has(e))return`"${e}:" may only be used as a kvstore adapter protocol`}stat(e,t={}){let n=this.getKvStore(e);return n.store.stat(n.path,t)}read(e,t={}){let n=this.getKvStore(e);return Cr(n.store,n.path,t)}list(e,t={}){let n=this.getKvStore(e);return Er(n.store,n.path,t)}resolveRelativePath(e,t){let n=this.getKvStore(e);return n.store.getUrl(Pr(n.path,t))}},Ur=class{baseKvStoreProviders=[];kvStoreAdapterProviders=[];autoDetectRegistry=new Vr;registerBaseKvStoreProvider(e){
/**
* @license
* Copyright 2024 Google Inc.
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
this.baseKvStoreProviders.push(e)}registerKvStoreAdapterProvider(e){this.kvStoreAdapterProviders.push(e)}applyToContext(e){let{kvStoreContext:t}=e;for(let n of[`baseKvStoreProviders`,`kvStoreAdapterProviders`]){let r=t[n];for(let t of this[n]){let n=t(e),{scheme:i}=n;if(r.has(i))throw Error(`Duplicate kvstore scheme ${i}`);r.set(i,n)}}this.autoDetectRegistry.copyTo(e.kvStoreContext.autoDetectRegistry)}};const Wr=new Ur,Gr=`SharedKvStoreContext.list`
/**
* @license
* Copyright 2024 Google Inc.
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
;var Kr=Object.defineProperty,qr=Object.getOwnPropertyDescriptor,Jr=(e,t,n,r)=>{for(var i=r>1?void 0:r?qr(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&Kr(t,n,i),i};
/**
* @license
* Copyright 2024 Google Inc.
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
let Yr=class extends P{kvStoreContext;chunkManager;credentialsManager;constructor(e,t){super(e,t),this.chunkManager=e.get(t.chunkManager),this.credentialsManager=e.get(t.credentialsManager),this.kvStoreContext=new Hr,Wr.applyToContext(this),Xr.applyToContext(this)}};Yr=Jr([F(`SharedKvStoreContext`)],Yr);const Xr=new Ur;function Zr(e){return class extends e{sharedKvStoreContext;constructor(...e){super(...e);let t=e[1];this.sharedKvStoreContext=this.rpc.get(t.sharedKvStoreContext)}}}
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
var Qr=Object.defineProperty,$r=Object.getOwnPropertyDescriptor,ei=(e,t,n,r)=>{for(var i=r>1?void 0:r?$r(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&Qr(t,n,i),i},ti=class extends A{constructor(e){super(),this.view=e}state=void 0},ni=class extends lr{attachments=/* @__PURE__ */ new Map;attach(e){}};M(`rendered_view.addLayer`,function(e){let t=this.get(e.view),n=this.get(e.layer),r=new ti(t);n.attachments.set(t,r),n.attach(r)}),M(`rendered_view.removeLayer`,function(e){let t=this.get(e.view),n=this.get(e.layer),r=n.attachments.get(t);n.attachments.delete(t),r.dispose()});let ri=class extends P{value;oldValue;changed=new ft;constructor(e,t){super(e,t),this.value=t.value,this.oldValue=Object.assign({},this.value)}};ri=ei([F(`SharedProjectionParameters`)],ri),M(`SharedProjectionParameters.changed`,function(e){let t=this.get(e.id),{value:n,oldValue:r}=t;Object.assign(r,n),Object.assign(n,e.value),t.changed.dispatch(r,n)});
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
function ii(e,t,n,r,i,a){for(let o=0;o<a;++o){let a=o*r,s=o*t;for(let t=0;t<i;++t)e[s+t]=n[a+t]}return e}let J;function ai(e,t,n){let r=1;(J===void 0||J.length<n)&&(J=new Uint32Array(n));for(let e=0;e<n;++e)J[e]=e;for(let i=0;i<n;++i){let a=t*i,o=i;{let t=Math.abs(e[a+i]);for(let r=i+1;r<n;++r){let n=Math.abs(e[a+r]);n>t&&(t=n,o=r)}}if(i!==o){r*=-1;for(let r=0;r<n;++r){let n=t*r,a=e[n+i];e[n+i]=e[n+o],e[n+o]=a}{let e=J[i];J[i]=J[o],J[o]=e}}let s=e[a+i],c=1/s;r*=s;for(let r=0;r<n;++r)e[t*r+i]*=c;e[a+i]=c;for(let r=0;r<n;++r){if(r===i)continue;let a=-e[t*i+r];for(let o=0;o<n;++o){let n=t*o;e[n+r]+=a*e[n+i]}e[t*i+r]=a*c}}for(let r=0;r<n;++r){let i=J[r];for(;i!==r;){let a=t*r,o=t*i;for(let t=0;t<n;++t){let n=a+t,r=o+t,i=e[n];e[n]=e[r],e[r]=i}let s=J[r]=J[i];J[i]=i,i=s}}return r}function oi(e,t,n,r,i){return ii(e,t,n,r,i,i),ai(e,t,i)}
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
const si=[{prefix:`Y`,exponent:24,longPrefix:`yotta`},{prefix:`Z`,exponent:21,longPrefix:`zetta`},{prefix:`E`,exponent:18,longPrefix:`exa`},{prefix:`P`,exponent:15,longPrefix:`peta`},{prefix:`T`,exponent:12,longPrefix:`tera`},{prefix:`G`,exponent:9,longPrefix:`giga`},{prefix:`M`,exponent:6,longPrefix:`mega`},{prefix:`k`,exponent:3,longPrefix:`kilo`},{prefix:``,exponent:0,longPrefix:``},{prefix:`m`,exponent:-3,longPrefix:`milli`},{prefix:`µ`,exponent:-6,longPrefix:`micro`},{prefix:`n`,exponent:-9,longPrefix:`nano`},{prefix:`p`,exponent:-12,longPrefix:`pico`},{prefix:`f`,exponent:-15,longPrefix:`femto`},{prefix:`a`,exponent:-18,longPrefix:`atto`},{prefix:`z`,exponent:-21,longPrefix:`zepto`},{prefix:`y`,exponent:-24,longPrefix:`yocto`},{prefix:`h`,exponent:2,longPrefix:`hecto`},{prefix:`da`,exponent:1,longPrefix:`deca`},{prefix:`d`,exponent:-1,longPrefix:`deci`},{prefix:`c`,exponent:-2,longPrefix:`centi`}],ci=[{prefix:`u`,exponent:-6},...si],li=/* @__PURE__ */ new Map;li.set(``,{unit:``,exponent:0});const ui=/* @__PURE__ */ new Map;for(let{prefix:e,exponent:t}of ci){ui.set(t,e);for(let n of[`m`,`s`,`Hz`,`rad/s`])li.set(`${e}${n}`,{unit:n,exponent:t})}
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
function di(e,t,n){let r=e.length;for(let i=0;i<r;++i)e[i]=t[i]+n[i];return e}function fi(e,t,n){let r=e.length;for(let i=0;i<r;++i)e[i]=t[i]*n[i];return e}const pi=/* @__PURE__ */ new Float64Array;
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
function mi(e){let{names:t,units:n,scales:r}=e,{valid:i=!0,rank:a=t.length,timestamps:o=t.map(()=>-1/0),ids:s=t.map((e,t)=>-t),boundingBoxes:c=[]}=e,{coordinateArrays:l=Array(a)}=e,{bounds:u=_i(c,a)}=e;return{valid:i,rank:a,names:t,timestamps:o,ids:s,units:n,scales:r,boundingBoxes:c,bounds:u,coordinateArrays:l}}mi({valid:!1,names:[],units:[],scales:pi,boundingBoxes:[]}),mi({valid:!0,names:[],units:[],scales:pi,boundingBoxes:[]});function hi(e,t,n){let{box:{lowerBounds:r,upperBounds:i},transform:a}=e,o=r.length,s=n,c=a[s*o+t],l=c,u=c,d=!1;for(let e=0;e<o;++e){let n=a[s*e+t];if(n===0)continue;let o=n*r[e],c=n*i[e];l+=Math.min(o,c),u+=Math.max(o,c),d=!0}if(d)return{lower:l,upper:u}}const gi=.001;function _i(e,t){let n=new Float64Array(t),r=new Float64Array(t);n.fill(-1/0),r.fill(1/0);let i=Array(t);i.fill(0);let a=Array(t);a.fill(0);for(let o of e)for(let e=0;e<t;++e){let s=hi(o,e,t);if(s===void 0)continue;let{lower:c,upper:l}=s;if(Number.isFinite(c)&&Number.isFinite(l)){let t,n,r,o;Math.abs(c-(t=Math.round(c)))<gi&&Math.abs(l-(n=Math.round(l)))<gi?(++a[e],c=t,l=n):Math.abs(c-(r=Math.floor(c))-.5)<gi&&Math.abs(l-(o=Math.floor(l))-.5)<gi&&(++i[e],c=r+.5,l=o+.5)}n[e]=n[e]===-1/0?c:Math.min(n[e],c),r[e]=r[e]===1/0?l:Math.max(r[e],l)}return{lowerBounds:n,upperBounds:r,voxelCenterAtIntegerCoordinates:a.map((e,t)=>i[t]>0&&e===0)}}
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
/**
* @license
* Copyright 2017 Google Inc.
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
z(),yn();function vi(e,t){return V(e.globalDimensionNames,t.globalDimensionNames)&&V(e.displayDimensionIndices,t.displayDimensionIndices)&&V(e.canonicalVoxelFactors,t.canonicalVoxelFactors)&&V(e.voxelPhysicalScales,t.voxelPhysicalScales)&&e.canonicalVoxelPhysicalSize===t.canonicalVoxelPhysicalSize&&V(e.displayDimensionUnits,t.displayDimensionUnits)&&V(e.displayDimensionScales,t.displayDimensionScales)}function yi(e,t){let n=e.displayDimensionRenderInfo;return n===t?!0:vi(n,t)?(e.displayDimensionRenderInfo=t,!0):!1}
/**
* @license
* Copyright 2024 Google Inc.
* Licensed under the Apache License, Version 2.0 (the "License");
* you may not use viewer file except in compliance with the License.
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
function bi(e,t,n,r,i){let a=t.length,o=n.length,s=e.length,c=!0;for(let l=0;l<r;++l){let u=l,d=0;for(let e=0;e<a;++e)d+=i[u+e*r]*t[e];u+=a*r;for(let e=0;e<o;++e)d+=i[u+e*r]*n[e];d+=i[u+o*r],l<s?e[l]=d:(d<0||d>=1)&&(c=!1)}return c}
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
var xi=class e{size;transform;invTransform;detTransform;finiteRank;constructor(e,t,n){this.size=on(e),this.transform=tn(t),this.finiteRank=n;let r=en(),i=oi(r,4,t,4,4);if(i===0)throw Error(`Transform is singular`);this.invTransform=r,this.detTransform=i}toObject(){return{size:this.size,transform:this.transform,finiteRank:this.finiteRank}}static fromObject(t){return new e(t.size,t.transform,t.finiteRank)}globalToLocalSpatial(e,t){return mn(e,t,this.invTransform)}localSpatialVectorToGlobal(e,t){return En(e,t,this.transform)}globalToLocalNormal(e,t){return Dn(e,t,this.transform)}},Y=/* @__PURE__ */ (e=>(e[e.UINT8=0]=`UINT8`,e[e.INT8=1]=`INT8`,e[e.UINT16=2]=`UINT16`,e[e.INT16=3]=`INT16`,e[e.UINT32=4]=`UINT32`,e[e.INT32=5]=`INT32`,e[e.UINT64=6]=`UINT64`,e[e.FLOAT32=7]=`FLOAT32`,e))(Y||{})
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
;const Si={0:1,1:1,2:2,3:2,4:4,5:4,6:8,7:4},Ci={0:Uint8Array,1:Int8Array,2:Uint16Array,3:Int16Array,4:Uint32Array,5:Int32Array,6:BigUint64Array,7:Float32Array};function wi(e,t,n=0,r=t.byteLength){let i=Si[e];return new Ci[e](t,n,r/i)}
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
const Ti=en();function Ei(e,t){let n=0,r=Math.abs(e.detTransform),{transform:i,size:a}=e;for(let e=0;e<3;++e){let o=0;for(let n=0;n<3;++n)o+=t[n*4+2]*i[4*e+n];let s=a[e];n+=Math.abs(o)*s,r*=s}return r/n}function Di(e,t,n){let{curPositionInChunks:r,fixedPositionWithinChunk:i}=e,{nonDisplayLowerClipBound:a,nonDisplayUpperClipBound:o}=e,{rank:s,chunkDataSize:c,lowerChunkBound:l,upperChunkBound:u}=e.source.spec;if(!bi(r,t,n,e.layerRank,e.fixedLayerToChunkTransform))return!1;let d=.001;for(let e=0;e<s;++e){let t=r[e];if(t<a[e]-d||t>o[e]+d)return!1;let n=c[e],s=r[e]=Math.min(u[e]-1,Math.max(l[e],Math.floor(t/n)));i[e]=t-s*n}return!0}function Oi(e,t){let n=t.length,r=0;if(n>1){let i=0;for(let a=0;a<n;++a){let{chunkLayout:n}=t[a],o=Ei(n,e);o>i&&(i=o,r=a)}}return r}const ki=new xi(z(),en(),0);function Ai(e,t){if(e.displayDimensionRenderInfo!==t.displayDimensionRenderInfo||e.pixelSize!==t.pixelSize)return!0;let{viewMatrix:n}=e,{viewMatrix:r}=t;for(let e=0;e<12;++e)if(n[e]!==r[e])return!0;return!1}var ji=class extends Ft{constructor(e){super(),this.projectionParameters=e,this.registerDisposer(e.changed.add((e,t)=>{Ai(e,t)&&this.invalidateVisibleSources(),this.invalidateVisibleChunks()}))}visibleLayers=/* @__PURE__ */ new Map;visibleSourcesStale=!0;invalidateVisibleSources(){this.visibleSourcesStale=!0}invalidateVisibleChunks(){}updateVisibleSources(){if(!this.visibleSourcesStale)return;this.visibleSourcesStale=!1;let e=this.projectionParameters.value.displayDimensionRenderInfo,{visibleLayers:t}=this;for(let[n,r]of t){let{allSources:t,visibleSources:i}=r;if(i.length=0,t.length===0||!yi(r,e))continue;let a=t[Oi(this.projectionParameters.value.viewMatrix,t.map(e=>e[0]))];for(let e of n.filterVisibleSources(this,a))i.push(e);i.reverse()}}};function*Mi(e,t,n){let r=e.projectionParameters.value.pixelSize*1.1,i=n[0].effectiveVoxelSize,a=t.renderScaleTarget.value,o=e=>{let t=r*a;for(let n=0;n<3;++n){let r=e[n];if(r>t&&r>1.01*i[n])return!0}return!1},s=(e,t)=>{let n=r*a;for(let r=0;r<3;++r){let i=e[r],a=t[r];if(Math.abs(n-i)<Math.abs(n-a)&&i<1.01*a)return!0}return!1},c=n.length-1,l;for(;;){let e=n[c];if(l!==void 0&&!s(e.effectiveVoxelSize,l)||(yield e,c===0)||!o(e.effectiveVoxelSize))break;l=e.effectiveVoxelSize,--c}}const Ni=/* @__PURE__ */ new Float32Array(3),Pi=/* @__PURE__ */ new Float32Array(3),Fi=en(),Ii=/* @__PURE__ */ new Float32Array(24);function Li(e,t,n,r){let i=Ni,a=Pi,{lowerChunkDisplayBound:o,upperChunkDisplayBound:s}=t;for(let e=0;e<3;++e)i[e]=Math.max(i[e],o[e]),a[e]=Math.min(a[e],s[e]);let{curPositionInChunks:c,chunkDisplayDimensionIndices:l}=t;function u(){if(!r(i[0],i[1],i[2],a[0],a[1],a[2],e))return;let t=0,o=Math.max(0,a[0]-i[0]),s=o;for(let e=1;e<3;++e){let n=Math.max(0,a[e]-i[e]);s*=n,n>o&&(o=n,t=e)}if(s===0)return;if(s===1){c[l[0]]=i[0],c[l[1]]=i[1],c[l[2]]=i[2],n(i,e);return}let d=i[t],f=a[t],p=Math.floor(.5*(d+f));a[t]=p,u(),a[t]=f,i[t]=p,u(),i[t]=d}u()}function Ri(e,t,n,r){if(!Di(n,e.globalPosition,t))return;let{size:i}=n.chunkLayout,a=an(Fi,e.viewProjectionMat,n.chunkLayout.transform);for(let e=0;e<3;++e){let t=i[e];for(let n=0;n<4;++n)a[4*e+n]*=t}let o=Ii;kn(o,a);let s=Ni,c=Pi;s.fill(-1/0),c.fill(1/0),Li(o,n,r,An)}function zi(e,t,n,r,i){if(!Di(n,e.globalPosition,t))return;let{size:a}=r,o=an(Fi,e.viewProjectionMat,r.transform);for(let e=0;e<3;++e){let t=a[e];for(let n=0;n<4;++n)o[4*e+n]*=t}let{upperChunkDisplayBound:s}=n,c=Ti;rn(c,o);let l=Ni,u=Pi;for(let e=0;e<3;++e){let t=c[12+e]+1e-4/a[e],n=Math.abs(c[e]),r=Math.abs(c[4+e]),i=s[e],o=t-n-r;o=o>=i&&o<i+.001?i-1:Math.floor(o),l[e]=o,u[e]=Math.floor(t+n+r+1)}let d=Ii;for(let e=0;e<3;++e){let t=o[4*e],n=o[4*e+1],r=o[4*e+2];d[e]=t,d[4+e]=-t,d[8+e]=+n,d[12+e]=-n,d[16+e]=+r,d[20+e]=-r}{let e=o[12],t=o[13],n=o[14];d[3]=1+e,d[7]=1-e,d[11]=1+t,d[15]=1-t,d[19]=n,d[23]=-n}Li(d,n,i,jn)}function Bi(e,t){let{finiteRank:n}=t;if(n===3)return t;ki.finiteRank=n,cn(ki.size,t.size);let r=nn(ki.transform,t.transform),i=nn(ki.invTransform,t.invTransform);ki.detTransform=t.detTransform;let{invViewMatrix:a,width:o,height:s}=e,c=Nn(e.projectionMat);for(let e=n;e<3;++e){let t=a[12+e],n=t,i=t,l=Math.abs(a[e]*o);n-=l,i+=l;let u=Math.abs(a[e+4]*s);n-=u,i+=u;let d=Math.abs(a[e+8]*c);n-=d,i+=d;let f=Math.max(1,i-n);r[12+e]=n,r[5*e]=f}return rn(i,r),ki}
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
function Vi(e){let t=1/(1+.3275911*Math.abs(e)),n=1-((((1.061405429*t+-1.453152027)*t+1.421413741)*t+-.284496736)*t+.254829592)*t*Math.exp(-e*e);return Math.sign(e)*n}
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
var Hi=class{constructor(e=50,t=1e3){this.velocityHalfLifeMilliseconds=e,this.modelHalfLifeMilliseconds=t}lastTime=-1/0;rank=0;numSamples=0;prevPosition=/* @__PURE__ */ new Float32Array;velocity=/* @__PURE__ */ new Float32Array;mean=/* @__PURE__ */ new Float32Array;variance=/* @__PURE__ */ new Float32Array;reset(e){this.lastTime=-1/0,this.rank=e,this.numSamples=0,this.velocity=new Float32Array(e),this.prevPosition=new Float32Array(e),this.mean=new Float32Array(e),this.variance=new Float32Array(e)}addSample(e,t=Date.now()){let n=e.length;n!==this.rank&&this.reset(n);let r=this.numSamples;if(++this.numSamples,this.numSamples===0){this.prevPosition.set(e),this.lastTime=t;return}let i=t-this.lastTime;this.lastTime=t;let a=1-2**-(i/this.velocityHalfLifeMilliseconds),o=1-2**-(i/this.modelHalfLifeMilliseconds),{velocity:s,prevPosition:c,mean:l,variance:u}=this;for(let t=0;t<n;++t){let n=(e[t]-c[t])/Math.max(i,1);c[t]=e[t];let d=s[t],f=s[t]=d+a*(n-d);if(r===1)l[t]=f;else{let e=l[t],n=u[t],r=f-e;l[t]=e+o*r,u[t]=(1-o)*(n+o*r*r)}}}};
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
function Ui(e){return class extends e{visibility;constructor(...e){super(...e);let t=e[0],n=e[1];this.visibility=t.get(n.visibility),this.registerDisposer(this.visibility.changed.add(()=>this.chunkManager.scheduleUpdateChunkPriorities()))}}}function Wi(e){return e===1/0?L.VISIBLE:L.PREFETCH}function Gi(e){return e===1/0?0:e*0x9184e72a000}var Ki=Object.defineProperty,qi=Object.getOwnPropertyDescriptor,Ji=(e,t,n,r)=>{for(var i=r>1?void 0:r?qi(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&Ki(t,n,i),i};
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
const Yi=-0xe8d4a51000,Xi=1e9,Zi=z(),Qi=z(),$i=z();var ea=class extends ji{constructor(e,t){super(e.get(t.projectionParameters)),this.initializeSharedObject(e,t.id)}};function ta(e){for(let t of e)for(let e of t)e.source.dispose()}const na=Ui(fr(ea));let ra=class extends na{velocityEstimator=new Hi;constructor(e,t){super(e,t),this.registerDisposer(this.chunkManager.recomputeChunkPriorities.add(()=>{this.updateVisibleChunks()})),this.registerDisposer(this.projectionParameters.changed.add(()=>{this.velocityEstimator.addSample(this.projectionParameters.value.globalPosition)}))}invalidateVisibleChunks(){super.invalidateVisibleChunks(),this.chunkManager.scheduleUpdateChunkPriorities()}handleLayerChanged=()=>{this.chunkManager.scheduleUpdateChunkPriorities()};updateVisibleChunks(){let e=this.projectionParameters.value,t=this.chunkManager,n=this.visibility.value;if(n===-1/0)return;this.updateVisibleSources();let{centerDataPosition:r}=e,i=Wi(n),a=Gi(n);a+=Yi;let o=Qi,s=$i,c=[];this.velocityEstimator.addSample(this.projectionParameters.value.globalPosition);for(let[n,l]of this.visibleLayers){t.registerLayer(n);let{visibleSources:u}=l;for(let l=0,d=u.length;l<d;++l){let d=u[l],f=t.queueManager.enablePrefetch.value?da(this.velocityEstimator,d):[],{chunkLayout:p}=d;p.globalToLocalSpatial(o,r);let{size:m,finiteRank:h}=p;cn(s,m);for(let e=h;e<3;++e)s[e]=0,o[e]=0;let g=a+Xi*l;c.length=0;let _=Zn();if(zi(e,d.renderLayer.localPosition.value,d,Bi(e,d.chunkLayout),e=>{ln(Zi,e,s);let r=-un(o,Zi),{curPositionInChunks:a}=d,l=d.source.getChunk(a);t.requestChunk(l,i,g+r),++n.numVisibleChunksNeeded,l.state===I.GPU_MEMORY&&++n.numVisibleChunksAvailable,c.push(l),l.markGeneration=_}),f.length!==0){let{curPositionInChunks:e}=d;for(let r of c){e.set(r.chunkGridPosition);for(let r=0,i=f.length;r<i;){let i=f[r],a=f[r+2],o=f[r+3],s=f[r+4],c=f[r+5],l=e[i],u=l+f[r+1];if(u<a||u>o){r=c;continue}e[i]=u;let p=d.source.getChunk(e);e[i]=l,p.markGeneration===_?r=c:(t.requestChunk(p,L.PREFETCH,g+s),++n.numPrefetchChunksNeeded,p.state===I.GPU_MEMORY&&++n.numPrefetchChunksAvailable,r+=ua)}}}}}}removeVisibleLayer(e){let{visibleLayers:t}=this,n=t.get(e);t.delete(e),ta(n.allSources),e.renderScaleTarget.changed.remove(this.invalidateVisibleSources),e.localPosition.changed.remove(this.handleLayerChanged),this.invalidateVisibleSources()}addVisibleLayer(e,t,n){let r=this.visibleLayers.get(e);r===void 0?(r={allSources:t,visibleSources:[],displayDimensionRenderInfo:n},this.visibleLayers.set(e,r),e.renderScaleTarget.changed.add(()=>this.invalidateVisibleSources()),e.localPosition.changed.add(this.handleLayerChanged)):(ta(r.allSources),r.allSources=t,r.visibleSources.length=0,r.displayDimensionRenderInfo=n),this.invalidateVisibleSources()}disposed(){for(let e of this.visibleLayers.keys())this.removeVisibleLayer(e);super.disposed()}invalidateVisibleSources(){super.invalidateVisibleSources(),this.chunkManager.scheduleUpdateChunkPriorities()}};ra=Ji([F(`SliceView`)],ra);function ia(e,t,n){return t.map(t=>t.map(t=>{let r=e.getRef(t.source),i=t.chunkLayout,{rank:a}=r.spec;return{renderLayer:n,source:r,chunkLayout:xi.fromObject(i),layerRank:t.layerRank,nonDisplayLowerClipBound:t.nonDisplayLowerClipBound,nonDisplayUpperClipBound:t.nonDisplayUpperClipBound,lowerClipBound:t.lowerClipBound,upperClipBound:t.upperClipBound,lowerClipDisplayBound:t.lowerClipDisplayBound,upperClipDisplayBound:t.upperClipDisplayBound,lowerChunkDisplayBound:t.lowerChunkDisplayBound,upperChunkDisplayBound:t.upperChunkDisplayBound,effectiveVoxelSize:t.effectiveVoxelSize,chunkDisplayDimensionIndices:t.chunkDisplayDimensionIndices,fixedLayerToChunkTransform:t.fixedLayerToChunkTransform,combinedGlobalLocalToChunkTransform:t.combinedGlobalLocalToChunkTransform,curPositionInChunks:new Float32Array(a),fixedPositionWithinChunk:new Uint32Array(a)}}))}M(`SliceView.addVisibleLayer`,function(e){let t=this.get(e.id),n=this.get(e.layerId),r=ia(this,e.sources,n);t.addVisibleLayer(n,r,e.displayDimensionRenderInfo)}),M(`SliceView.removeVisibleLayer`,function(e){let t=this.get(e.id),n=this.get(e.layerId);t.removeVisibleLayer(n)});var aa=class extends W{chunkGridPosition;source=null;initializeVolumeChunk(e,t){super.initialize(e),this.chunkGridPosition=Float32Array.from(t)}serialize(e,t){super.serialize(e,t),e.chunkGridPosition=this.chunkGridPosition}downloadSucceeded(){super.downloadSucceeded()}freeSystemMemory(){}toString(){return this.source.toString()+`:`+Tn(this.chunkGridPosition)}},oa=class extends $n{spec;constructor(e,t){super(e,t),this.spec=t.spec}getChunk(e){let t=e.join(),n=this.chunks.get(t);return n===void 0&&(n=this.getNewChunk_(this.chunkConstructor),n.initializeVolumeChunk(t,e),this.addChunk(n)),n}};let sa=class extends P{renderScaleTarget;localPosition;numVisibleChunksNeeded;numVisibleChunksAvailable;numPrefetchChunksNeeded;numPrefetchChunksAvailable;chunkManagerGeneration;constructor(e,t){super(e,t),this.renderScaleTarget=e.get(t.renderScaleTarget),this.localPosition=e.get(t.localPosition),this.numVisibleChunksNeeded=0,this.numVisibleChunksAvailable=0,this.numPrefetchChunksAvailable=0,this.numPrefetchChunksNeeded=0,this.chunkManagerGeneration=-1}filterVisibleSources(e,t){return Mi(e,this,t)}};sa=Ji([F(`sliceview/RenderLayer`)],sa);const ca=2e3,la=.05,ua=6;function da(e,t){let n=[],r=e.rank,{combinedGlobalLocalToChunkTransform:i,layerRank:a}=t,{rank:o,chunkDataSize:s}=t.source.spec,{mean:c,variance:l}=e;for(let e=0;e<o;++e){let o=t.chunkDisplayDimensionIndices.includes(e),u=0,d=0;for(let t=0;t<r;++t){let n=c[t],r=l[t],o=i[t*a+e];u+=o*n,d+=o*o*r}if(u>.1)continue;let f=s[e],p=o?0:t.fixedPositionWithinChunk[e]/f,m=u/f*ca,h=Math.sqrt(2*d)/f*ca;if(Math.abs(m)<.001&&h<.001)continue;h=Math.max(1e-6,h);let g=e=>.5*(1+Vi((e-m)/h)),_=t.curPositionInChunks[e],v=Math.floor(t.lowerClipBound[e]/f),y=Math.ceil(t.upperClipBound[e]/f)-1,b=n.length;for(let t=1;t<=32&&!(!o&&_+t>y);++t){let r=1-g(t-p);if(r<la)break;n.push(e,t,v,y,r,0)}let x=n.length;for(let e=b,t=n.length;e<t;e+=6)n[e+6-1]=x;b=x;for(let t=1;t<=32&&!(!o&&_-t<v);++t){let r=g(-t+1-p);if(r<la)break;n.push(e,-t,v,y,r,0)}x=n.length;for(let e=b,t=n.length;e<t;e+=6)n[e+6-1]=x}return n}N(`ChunkManager.requestChunk`,async function(e,t){let n=this.get(e.source),{chunkManager:r}=n,i=n.getChunk(e.chunkGridPosition),a=i.key;if(i.state<=I.SYSTEM_MEMORY)return{value:void 0};if(i.state===I.FAILED)throw i.error;let o=r.recomputeChunkPriorities.add(()=>{r.requestChunk(i,L.VISIBLE,1/0,I.SYSTEM_MEMORY)});r.scheduleUpdateChunkPriorities();let s,c=new Promise((e,t)=>{s=n=>{n.state===I.FAILED?t(n.error):n.state<=I.SYSTEM_MEMORY&&e()}});n.registerChunkListener(a,s);try{return await vt(c,t.signal),{value:void 0}}finally{n.unregisterChunkListener(a,s),o(),r.scheduleUpdateChunkPriorities()}})
/**
* @license
* Copyright 2018 Google Inc.
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
* Copyright 2018 Google Inc.
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
var fa=Object.defineProperty,pa=Object.getOwnPropertyDescriptor,ma=(e,t,n,r)=>{for(var i=r>1?void 0:r?pa(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&fa(t,n,i),i};let ha=class extends P{visibility;projectionParameters;constructor(...e){super(...e);let t=e[0],n=e[1];this.visibility=t.get(n.visibility),this.projectionParameters=t.get(n.projectionParameters)}};ha=ma([F(`perspective_view/PerspectiveView`)],ha);
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
const ga=Qt();function _a(e,t,n,r,i,a){if(r.length===0)return;let{viewMatrix:o,projectionMat:s,displayDimensionRenderInfo:c}=e,{voxelPhysicalScales:l}=c,u=wn(l),d=Nn(s),f=(d/n)**3,p=$t(On(ga,o)),m={spatialScales:/* @__PURE__ */ new Map,activeIndex:-1},h=e=>{let t=r[e];return Math.abs(t.chunkLayout.detTransform*p)},g=r.length-1,_=h(g);for(let e=g;e>=0;--e){let t=h(e),n=Math.cbrt(t*u/p),r=d/Math.cbrt(t);m.spatialScales.set(n,r),t-f>=0&&(_=t,g=e),m.activeIndex=g}let v=Math.cbrt(_*u/p),y=d/Math.cbrt(_),b=!0,x=r[g];Ri(e,t,x,(e,t)=>{b&&=(i(x,g,v,y,t,m),!1),a(x,g,e)})}
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
var va=Object.defineProperty,ya=Object.getOwnPropertyDescriptor,ba=(e,t,n,r)=>{for(var i=r>1?void 0:r?ya(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&va(t,n,i),i};const xa=z(),Sa=z(),Ca=z(),wa=z();let Ta=class extends fr(ni){localPosition;renderScaleTarget;constructor(e,t){super(e,t),this.renderScaleTarget=e.get(t.renderScaleTarget),this.localPosition=e.get(t.localPosition);let n=()=>this.chunkManager.scheduleUpdateChunkPriorities();this.registerDisposer(this.localPosition.changed.add(n)),this.registerDisposer(this.renderScaleTarget.changed.add(n)),this.registerDisposer(this.chunkManager.recomputeChunkPriorities.add(()=>this.recomputeChunkPriorities()))}attach(e){let t=()=>this.chunkManager.scheduleUpdateChunkPriorities(),{view:n}=e;e.registerDisposer(t),e.registerDisposer(n.projectionParameters.changed.add(t)),e.registerDisposer(n.visibility.changed.add(t)),e.state={displayDimensionRenderInfo:n.projectionParameters.value.displayDimensionRenderInfo,transformedSources:[]}}recomputeChunkPriorities(){for(let e of this.attachments.values()){let{view:t}=e,n=t.visibility.value;if(n===-1/0)continue;let r=e.state,{transformedSources:i}=r;if(i.length===0||!yi(r,t.projectionParameters.value.displayDimensionRenderInfo))continue;let a=t.projectionParameters.value,o=Wi(n),s=Gi(n);s+=Yi;let c=Sa,l=Ca,u=wa,{globalPosition:d,displayDimensionRenderInfo:{displayDimensionIndices:f}}=a;for(let e=0;e<3;++e){let t=f[e];u[e]=t===-1?0:d[t]}let p,{chunkManager:m}=this;m.registerLayer(this),_a(a,this.localPosition.value,this.renderScaleTarget.value,i[0],(e,t)=>{let{chunkLayout:n}=e;n.globalToLocalSpatial(c,u);let{size:r,finiteRank:a}=n;cn(l,r);for(let e=a;e<3;++e)l[e]=0,c[e]=0;let o=i[0].length-1-t;p=s+Xi*o},(e,t,n)=>{ln(xa,n,l);let r=-un(c,xa),i=e.source.getChunk(e.curPositionInChunks);++this.numVisibleChunksNeeded,m.requestChunk(i,o,p+r),i.state===I.GPU_MEMORY&&++this.numVisibleChunksAvailable})}}};Ta=ba([F(`volume_rendering/VolumeRenderingRenderLayer`)],Ta),M(`volume_rendering/VolumeRenderingRenderLayer/update`,function(e){let t=this.get(e.view),n=this.get(e.layer),r=n.attachments.get(t);r.state.transformedSources=ia(this,e.sources,n),r.state.displayDimensionRenderInfo=e.displayDimensionRenderInfo,n.chunkManager.scheduleUpdateChunkPriorities()});
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
const Ea=`annotation.commit`,Da=Qt();function Oa(e,t,n,r,i,a){let{displayDimensionRenderInfo:o,viewMatrix:s,projectionMat:c,width:l,height:u}=e,{voxelPhysicalScales:d}=o,f=Math.abs($t(On(Da,s))),p=wn(d),m=Mn(c)/f*p;if(r.length===0)return;let h=r[0],g=Math.abs(h.chunkLayout.detTransform)*p,{lowerClipDisplayBound:_,upperClipDisplayBound:v}=h;for(let e=0;e<3;++e)g*=v[e]-_[e];let y=Math.min(g,m),b=l*u,x=b/n**2/y,S=0;for(let n=r.length-1;n>=0&&S<x;--n){let o=r[n],s=o.source.spec,{chunkLayout:c}=o,l=wn(c.size)*Math.abs(c.detTransform)*p,{limit:u,rank:d}=s,{nonDisplayLowerClipBound:f,nonDisplayUpperClipBound:m}=o,h=1;for(let e=0;e<d;++e){let t=m[e]-f[e];Number.isFinite(t)&&(h/=t)}let g=u*h/l,_=!0,v=S+g,C=(1/v)**(1/3),w=Math.sqrt(b/(v*y)),T=(x-S)*l/h,E=Math.min(1,T/s.limit);Ri(e,t,o,()=>{_&&=(i(o,n),!1),a(o,n,E,C,w)}),S=v}}
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
var ka=/* @__PURE__ */ (e=>(e[e.MIN_REPRESENTATIVE=0]=`MIN_REPRESENTATIVE`,e[e.MAX_REPRESENTATIVE=1]=`MAX_REPRESENTATIVE`,e[e.REPRESENTATIVE_EXCLUDED=2]=`REPRESENTATIVE_EXCLUDED`,e[e.NONREPRESENTATIVE_EXCLUDED=4]=`NONREPRESENTATIVE_EXCLUDED`,e))(ka||{}),Aa=class{constructor(e){
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
this.value=e,this.min=e}rank=0;parent=this;next=this;prev=this;min};function ja(e){let t=e,n=e.parent;for(;n!==e;)e=n,n=e.parent;for(e=t.parent;n!==e;)t.parent=n,t=e,e=t.parent;return n}function Ma(e,t){let n=e.rank,r=t.rank;return n>r?(t.parent=e,e):(e.parent=t,n===r&&(t.rank=r+1),t)}function Na(e,t){let n=e.prev,r=t.prev;t.prev=n,n.next=t,e.prev=r,r.next=e}function*Pa(e){let t=e;do yield t.value,t=t.next;while(t!==e)}function Fa(e){return e.parent===e}var Ia=class{map=/* @__PURE__ */ new Map;visibleSegmentEquivalencePolicy=new pt(ka.MIN_REPRESENTATIVE);generation=0;has(e){return this.map.has(e)}get(e){let t=this.map.get(e);return t===void 0?e:ja(t).min}isMinElement(e){return e===this.get(e)}makeSet(e){let{map:t}=this,n=t.get(e);return n===void 0?(n=new Aa(e),t.set(e,n),n):ja(n)}link(e,t){let n=this.makeSet(e),r=this.makeSet(t);if(n===r)return!1;this.generation++;let i=Ma(n,r);Na(n,r);let a=n.min,o=r.min,s=(this.visibleSegmentEquivalencePolicy.value&ka.MAX_REPRESENTATIVE)!==0;return i.min=a<o===s?o:a,!0}linkAll(e){for(let t=1,n=e.length;t<n;++t)this.link(e[0],e[t])}deleteSet(e){let{map:t}=this,n=!1;for(let r of this.setElements(e))t.delete(r),n=!0;return n&&++this.generation,n}*setElements(e){let t=this.map.get(e);t===void 0?yield e:yield*Pa(t)}clear(){let{map:e}=this;return e.size!==0&&(++this.generation,e.clear(),!0)}get size(){return this.map.size}*mappings(){for(let e of this.map.values())yield[e.value,ja(e).min]}*roots(){for(let e of this.map.values())Fa(e)&&(yield e.value)}[Symbol.iterator](){return this.mappings()}toJSON(){let e=[];for(let t of this.map.values())if(Fa(t)){let n=[];for(let e of Pa(t))n.push(e);n.sort(Yt),e.push(n)}return e.sort((e,t)=>Yt(e[0],t[0])),e.map(e=>e.map(e=>e.toString()))}},La=Object.defineProperty,Ra=Object.getOwnPropertyDescriptor,za=(e,t,n,r)=>{
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
for(var i=r>1?void 0:r?Ra(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&La(t,n,i),i};const Ba=`DisjointUint64Sets.add`,Va=`DisjointUint64Sets.clear`,Ha=`DisjointUint64Sets.highBitRepresentativeChanged`,Ua=`DisjointUint64Sets.deleteSet`;let Wa=class extends P{disjointSets=new Ia;changed=new j;get value(){return this}static makeWithCounterpart(e,t){let n=new Wa;return n.disjointSets.visibleSegmentEquivalencePolicy=t,n.registerDisposer(t.changed.add(()=>{Ga(n)})),n.initializeCounterpart(e),t.value&&Ga(n),n}link(e,t){if(this.disjointSets.link(e,t)){let{rpc:n}=this;return n&&n.invoke(Ba,{id:this.rpcId,a:e,b:t}),this.changed.dispatch(),!0}return!1}linkAll(e){for(let t=1,n=e.length;t<n;++t)this.link(e[0],e[t])}has(e){return this.disjointSets.has(e)}get(e){return this.disjointSets.get(e)}clear(){if(this.disjointSets.clear()){let{rpc:e}=this;e&&e.invoke(Va,{id:this.rpcId}),this.changed.dispatch()}}setElements(e){return this.disjointSets.setElements(e)}deleteSet(e){if(this.disjointSets.deleteSet(e)){let{rpc:t}=this;t&&t.invoke(Ua,{id:this.rpcId,x:e}),this.changed.dispatch()}}get size(){return this.disjointSets.size}toJSON(){return this.disjointSets.toJSON()}restoreState(e){e!==void 0&&In(e,e=>{let t;In(e,e=>{let n=Hn(e);t!==void 0&&this.link(t,n),t=n})})}assignFrom(e){this.clear(),e instanceof Wa&&(e=e.disjointSets);for(let[t,n]of e)this.link(t,n)}};Wa=za([F(`DisjointUint64Sets`)],Wa),M(Ba,function(e){let t=this.get(e.id);t.disjointSets.link(e.a,e.b)&&t.changed.dispatch()}),M(Va,function(e){let t=this.get(e.id);t.disjointSets.clear()&&t.changed.dispatch()});function Ga(e){e.rpc.invoke(Ha,{id:e.rpcId,value:e.disjointSets.visibleSegmentEquivalencePolicy.value})}M(Ha,function(e){let t=this.get(e.id);t.disjointSets.visibleSegmentEquivalencePolicy.value=e.value}),M(Ua,function(e){let t=this.get(e.id);t.disjointSets.deleteSet(e.x)&&t.changed.dispatch()})
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
;function Ka(e,t){return t>>>=0,e>>>=0,t=Math.imul(t,3432918353)>>>0,t=(t<<15|t>>>17)>>>0,t=Math.imul(t,461845907)>>>0,e=(e^t)>>>0,e=(e<<13|e>>>19)>>>0,e=e*5+3864292196>>>0,e}
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
function qa(e){let t=new Uint8Array(e.buffer,e.byteOffset,e.byteLength),n=65536;for(let e=0,r=t.length;e<r;e+=n)crypto.getRandomValues(t.subarray(e,Math.min(r,e+n)));return e}
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
let X=0n,Ja=0n;var Ya=class e{constructor(t=e.generateHashSeeds(3)){this.hashSeeds=t;let n=8;for(;n<2*t.length;)n*=2;this.allocate(n)}loadFactor=.8;size=0;table;tableSize;empty=18446744073709551615n;maxRehashAttempts=5;maxAttempts=5;capacity;generation=0;mungedEmptyKey;updateHashFunctions(t){this.hashSeeds=e.generateHashSeeds(t),this.mungedEmptyKey=void 0}tableWithMungedEmptyKey(e){let t=this.hashSeeds.length,n=Array(t);for(let e=0;e<t;++e)n[e]=this.getHash(e,this.empty);let{mungedEmptyKey:r}=this;if(r===void 0)chooseMungedEmptyKey:for(;;){r=Zt();for(let e=0;e<t;++e){let i=this.getHash(e,r);for(let e=0;e<t;++e)if(n[e]===i)continue chooseMungedEmptyKey}this.mungedEmptyKey=r;break}let{table:i,empty:a}=this;for(let e=0;e<t;++e){let t=n[e];i[t]===a&&(i[t]=r)}try{e(i)}finally{for(let e=0;e<t;++e){let t=n[e];i[t]===r&&(i[t]=a)}}}static generateHashSeeds(e=3){return qa(new Uint32Array(e))}getHash(e,t){let n=this.hashSeeds[e];return n=Ka(n,Number(t&4294967295n)),n=Ka(n,Number(t>>32n)),this.entryStride*(n&this.tableSize-1)}*keys(){let{empty:e,entryStride:t}=this,{table:n}=this;for(let r=0,i=n.length;r<i;r+=t){let t=n[r];t!==e&&(yield t)}}indexOf(e){let{table:t,empty:n}=this;if(e===n)return-1;for(let n=0,r=this.hashSeeds.length;n<r;++n){let r=this.getHash(n,e);if(t[r]===e)return r}return-1}chooseAnotherEmptyKey(){let{empty:e,table:t,entryStride:n}=this,r;for(;r=Zt(),r===e||this.has(r););this.empty=r;for(let i=0,a=t.length;i<a;i+=n)t[i]===e&&(t[i]=r)}has(e){return this.indexOf(e)!==-1}delete(e){let t=this.indexOf(e);if(t!==-1){let{table:e}=this;return e[t]=this.empty,++this.generation,this.size--,!0}return!1}clearTable(){let{table:e,empty:t}=this;e.fill(t)}clear(){return this.size!==0&&(this.size=0,++this.generation,this.clearTable(),!0)}reserve(e){return e>this.capacity&&(this.backupPending(),this.grow(e),this.restorePending(),!0)}swapPending(e,t){let n=X;this.storePending(e,t),e[t]=n}storePending(e,t){X=e[t]}backupPending(){Ja=X}restorePending(){X=Ja}tryToInsert(){let e=0,{empty:t,maxAttempts:n,table:r}=this,i=this.hashSeeds.length,a=Math.floor(Math.random()*i);for(;;){let o=this.getHash(a,X);if(this.swapPending(r,o),X===t)return!0;if(++e===n)break;a=(a+Math.floor(Math.random()*(i-1))+1)%i}return!1}allocate(e){this.tableSize=e;let{entryStride:t}=this;this.table=new BigUint64Array(e*t),this.maxAttempts=e,this.clearTable(),this.capacity=e*this.loadFactor,this.mungedEmptyKey=void 0}rehash(e,t){this.allocate(t),this.updateHashFunctions(this.hashSeeds.length);let{empty:n,entryStride:r}=this;for(let t=0,i=e.length;t<i;t+=r)if(e[t]!==n&&(this.storePending(e,t),!this.tryToInsert()))return!1;return!0}grow(e){let t=this.table,{tableSize:n}=this;for(;n<e;)n*=2;for(;;){for(let e=0;e<this.maxRehashAttempts;++e)if(this.rehash(t,n))return;n*=2}}insertInternal(){for(++this.generation,X===this.empty&&this.chooseAnotherEmptyKey(),++this.size>this.capacity&&(this.backupPending(),this.grow(this.tableSize*2),this.restorePending());!this.tryToInsert();)this.backupPending(),this.grow(this.tableSize),this.restorePending()}},Xa=class extends Ya{add(e){return!this.has(e)&&(X=e,this.insertInternal(),!0)}[Symbol.iterator](){return this.keys()}};Xa.prototype.entryStride=1;let Za=0n,Qa=0n;var $a=class extends Ya{set(e,t){return!this.has(e)&&(X=e,Za=t,this.insertInternal(),!0)}get(e){let t=this.indexOf(e);if(t!==-1)return this.table[t+1]}swapPending(e,t){let n=Za;super.swapPending(e,t),e[t+1]=n}storePending(e,t){super.storePending(e,t),Za=e[t+1]}backupPending(){super.backupPending(),Qa=Za}restorePending(){super.restorePending(),Za=Qa}[Symbol.iterator](){return this.entries()}*entries(){let{empty:e,entryStride:t}=this,{table:n}=this;for(let r=0,i=n.length;r<i;r+=t){let t=n[r];t!==e&&(yield[t,n[r+1]])}}};$a.prototype.entryStride=2;
/**
* @license
* This work is a derivative of the Google Neuroglancer project,
* Copyright 2016 Google Inc.
* The Derivative Work is covered by
* Copyright 2019 Howard Hughes Medical Institute
*
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
var eo=Object.defineProperty,to=Object.getOwnPropertyDescriptor,no=(e,t,n,r)=>{for(var i=r>1?void 0:r?to(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&eo(t,n,i),i};let ro=class extends P{hashTable=new $a;changed=new ft;get value(){return this}static makeWithCounterpart(e){let t=new ro;return t.initializeCounterpart(e),t}set_(e,t){return this.hashTable.set(e,t)}set(e,t){if(this.set_(e,t)){let{rpc:n}=this;n&&n.invoke(`Uint64Map.set`,{id:this.rpcId,key:e,value:t}),this.changed.dispatch(e,!0)}}has(e){return this.hashTable.has(e)}get(e){return this.hashTable.get(e)}[Symbol.iterator](){return this.hashTable.entries()}delete_(e){return this.hashTable.delete(e)}delete(e){if(this.delete_(e)){let{rpc:t}=this;t&&t.invoke(`Uint64Map.delete`,{id:this.rpcId,key:e}),this.changed.dispatch(e,!1)}}get size(){return this.hashTable.size}assignFrom(e){this.clear();for(let[t,n]of e)this.set(t,n)}clear(){if(this.hashTable.clear()){let{rpc:e}=this;e&&e.invoke(`Uint64Map.clear`,{id:this.rpcId}),this.changed.dispatch(null,!1)}}toJSON(){let e={};for(let[t,n]of this.hashTable.entries())e[t.toString()]=n.toString();return e}};ro=no([F(`Uint64Map`)],ro),M(`Uint64Map.set`,function(e){let t=this.get(e.id);t.set_(e.key,e.value)&&t.changed.dispatch()}),M(`Uint64Map.delete`,function(e){let t=this.get(e.id);t.delete_(e.key)&&t.changed.dispatch()}),M(`Uint64Map.clear`,function(e){let t=this.get(e.id);t.hashTable.clear()&&t.changed.dispatch()});
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
var io=Object.defineProperty,ao=Object.getOwnPropertyDescriptor,oo=(e,t,n,r)=>{for(var i=r>1?void 0:r?ao(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&io(t,n,i),i};let so=class extends P{hashTable=new Xa;changed=new ft;get value(){return this}static makeWithCounterpart(e){let t=new so;return t.initializeCounterpart(e),t}set(e,t){t?this.add(e):this.delete(e)}reserve_(e){return this.hashTable.reserve(e)}reserve(e){if(this.reserve_(e)){let{rpc:t}=this;t&&t.invoke(`Uint64Set.reserve`,{id:this.rpcId,value:e})}}add_(e){let t=!1;for(let n of e)t=this.hashTable.add(n)||t;return t}add(e){let t=typeof e==`bigint`?[e]:e;if(this.add_(t)){let{rpc:n}=this;n&&n.invoke(`Uint64Set.add`,{id:this.rpcId,value:t}),this.changed.dispatch(e,!0)}}has(e){return this.hashTable.has(e)}[Symbol.iterator](){return this.hashTable.keys()}keys(){return this.hashTable.keys()}delete_(e){let t=!1;for(let n of e)t=this.hashTable.delete(n)||t;return t}delete(e){let t=typeof e==`bigint`?[e]:e;if(this.delete_(t)){let{rpc:n}=this;n&&n.invoke(`Uint64Set.delete`,{id:this.rpcId,value:t}),this.changed.dispatch(e,!1)}}get size(){return this.hashTable.size}clear(){if(this.hashTable.clear()){let{rpc:e}=this;e&&e.invoke(`Uint64Set.clear`,{id:this.rpcId}),this.changed.dispatch(null,!1)}}toJSON(){let e=[];for(let t of this.keys())e.push(t.toString());return e.sort(),e}assignFrom(e){this.clear();for(let t of e.keys())this.add(t)}};so=oo([F(`Uint64Set`)],so),M(`Uint64Set.reserve`,function(e){let t=this.get(e.id);t.reserve_(e.value)&&t.changed.dispatch()}),M(`Uint64Set.add`,function(e){let t=this.get(e.id);t.add_(e.value)&&t.changed.dispatch()}),M(`Uint64Set.delete`,function(e){let t=this.get(e.id);t.delete_(e.value)&&t.changed.dispatch()}),M(`Uint64Set.clear`,function(e){let t=this.get(e.id);t.hashTable.clear()&&t.changed.dispatch()});
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
const co=[`visibleSegments`,`segmentEquivalences`,`temporaryVisibleSegments`,`temporarySegmentEquivalences`,`useTemporaryVisibleSegments`,`useTemporarySegmentEquivalences`];function lo(e,t,n){e.registerDisposer(t.visibleSegments.changed.add(n)),e.registerDisposer(t.segmentEquivalences.changed.add(n))}function uo(e,t,n){e.registerDisposer(t.temporaryVisibleSegments.changed.add(n)),e.registerDisposer(t.temporarySegmentEquivalences.changed.add(n)),e.registerDisposer(t.useTemporaryVisibleSegments.changed.add(n)),e.registerDisposer(t.useTemporarySegmentEquivalences.changed.add(n))}function fo(e){return e.toString()}function po(e){return(e&9223372036854775808n)!=0n}function mo(e){return e.useTemporaryVisibleSegments.value?e.temporaryVisibleSegments:e.visibleSegments}function ho(e){return e.useTemporarySegmentEquivalences.value?e.temporarySegmentEquivalences:e.segmentEquivalences}function go(e,t){let n=mo(e),r=ho(e),i=r.disjointSets.visibleSegmentEquivalencePolicy.value;for(let e of n.keys())if(i&ka.NONREPRESENTATIVE_EXCLUDED)t(e,r.get(e));else{if(!r.disjointSets.isMinElement(e))continue;for(let n of r.setElements(e))i&ka.REPRESENTATIVE_EXCLUDED&&i&ka.MAX_REPRESENTATIVE&&po(n)||t(n,e)}}
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
function _o(e,t,n={}){for(let r of co)n[r]=e.get(t[r]);return n}
/**
* @license
* Copyright 2018 Google Inc.
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
var vo=Object.defineProperty,yo=Object.getOwnPropertyDescriptor,bo=(e,t,n,r)=>{for(var i=r>1?void 0:r?yo(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&vo(t,n,i),i},xo=class extends W{annotation;freeSystemMemory(){this.annotation=void 0}serialize(e,t){super.serialize(e,t),e.annotation=this.annotation}downloadSucceeded(){this.systemMemoryBytes=this.gpuMemoryBytes=0,super.downloadSucceeded()}};function So(e){class t extends e{data;serialize(e,t){super.serialize(e,t);let{data:n}=this;n!==void 0&&(n.serialize(e,t),this.data=void 0)}downloadSucceeded(){let{data:e}=this;this.systemMemoryBytes=this.gpuMemoryBytes=e===void 0?0:e.numBytes,super.downloadSucceeded()}freeSystemMemory(){this.data=void 0}}return t}var Co=class extends So(aa){},wo=class extends So(W){objectId};let To=class extends $n{parent=void 0;getChunk(e){let{chunks:t}=this,n=t.get(e);return n===void 0&&(n=this.getNewChunk_(xo),n.initialize(e),this.addChunk(n)),n}download(e,t){return this.parent.downloadMetadata(e,t)}};To=bo([F(`annotation.MetadataChunkSource`)],To);var Eo=class extends oa{parent;constructor(e,t){super(e,t),this.parent=e.get(t.parent)}};Eo.prototype.chunkConstructor=Co;let Do=class extends $n{parent=void 0;relationshipIndex;getChunk(e){let t=fo(e),{chunks:n}=this,r=n.get(t);return r===void 0&&(r=this.getNewChunk_(wo),r.initialize(t),r.objectId=e,this.addChunk(r)),r}download(e,t){return this.parent.downloadSegmentFilteredGeometry(e,this.relationshipIndex,t)}};Do=bo([F(`annotation.SubsetGeometryChunkSource`)],Do),M(`annotation.reference.add`,function(e){let t=this.get(e.id);t.references.add(e.annotation),t.chunkManager.scheduleUpdateChunkPriorities()}),M(`annotation.reference.delete`,function(e){let t=this.get(e.id);t.references.delete(e.annotation),t.chunkManager.scheduleUpdateChunkPriorities()}),M(`annotation.commit`,function(e){let t=this.get(e.id),n=e.annotationId,r=e.newAnnotation,i;i=n===void 0?t.add(r).then(e=>({...r,id:e})):r===null?t.delete(n).then(()=>null):t.update(n,r).then(()=>r),i.then(e=>{t.wasDisposed||this.invoke(Ea,{id:t.rpcId,annotationId:n||r.id,newAnnotation:e})},e=>{t.wasDisposed||this.invoke(Ea,{id:t.rpcId,annotationId:n||r?.id,error:e.message})})});let Oo=class extends fr(ni){localPosition;renderScaleTarget;constructor(e,t){super(e,t),this.renderScaleTarget=e.get(t.renderScaleTarget),this.localPosition=e.get(t.localPosition);let n=()=>this.chunkManager.scheduleUpdateChunkPriorities();this.registerDisposer(this.localPosition.changed.add(n)),this.registerDisposer(this.renderScaleTarget.changed.add(n)),this.registerDisposer(this.chunkManager.recomputeChunkPriorities.add(()=>this.recomputeChunkPriorities()))}attach(e){let t=()=>this.chunkManager.scheduleUpdateChunkPriorities(),{view:n}=e;e.registerDisposer(t),e.registerDisposer(n.projectionParameters.changed.add(t)),e.registerDisposer(n.visibility.changed.add(t)),e.state={displayDimensionRenderInfo:n.projectionParameters.value.displayDimensionRenderInfo,transformedSources:[]}}recomputeChunkPriorities(){this.chunkManager.registerLayer(this);for(let e of this.attachments.values()){let{view:t}=e,n=t.visibility.value;if(n===-1/0)continue;let r=e.state,{transformedSources:i}=r;if(i.length===0||!yi(r,t.projectionParameters.value.displayDimensionRenderInfo))continue;let a=Wi(n),o=Gi(n),s=t.projectionParameters.value,{chunkManager:c}=this;Oa(s,this.localPosition.value,this.renderScaleTarget.value,i[0],()=>{},(e,t)=>{let n=e.source.getChunk(e.curPositionInChunks);++this.numVisibleChunksNeeded,n.state===I.GPU_MEMORY&&++this.numVisibleChunksAvailable,c.requestChunk(n,a,o+0+Xi*t)})}}};Oo=bo([F(`annotation/SpatiallyIndexedRenderLayer`)],Oo),M(`annotation/PerspectiveRenderLayer:updateSources`,function(e){let t=this.get(e.view),n=this.get(e.layer),r=n.attachments.get(t);r.state.transformedSources=ia(this,e.sources,n),r.state.displayDimensionRenderInfo=e.displayDimensionRenderInfo,n.chunkManager.scheduleUpdateChunkPriorities()});let ko=class extends Ui(fr(lr)){source;segmentationStates;constructor(e,t){super(e,t),this.source=e.get(t.source),this.segmentationStates=new pt(this.getSegmentationState(t.segmentationStates));let n=()=>this.chunkManager.scheduleUpdateChunkPriorities();this.registerDisposer(mt((e,t)=>{if(t!==void 0){for(let r of t)r!=null&&(lo(e,r,n),uo(e,r,n));n()}},this.segmentationStates)),this.registerDisposer(this.chunkManager.recomputeChunkPriorities.add(()=>this.recomputeChunkPriorities()))}recomputeChunkPriorities(){let e=this.visibility.value;if(e===-1/0)return;let{segmentationStates:{value:t},source:{segmentFilteredSources:n}}=this;if(t===void 0)return;let{chunkManager:r}=this;r.registerLayer(this);let i=t.length;for(let a=0;a<i;++a){let i=t[a];if(i==null)continue;let o=Wi(e),s=Gi(e),c=n[a];go(i,e=>{let t=c.getChunk(e);++this.numVisibleChunksNeeded,t.state===I.GPU_MEMORY&&++this.numVisibleChunksAvailable,r.requestChunk(t,o,s+60)})}}getSegmentationState(e){if(e!==void 0)return e.map(e=>e==null?e:_o(this.rpc,e))}};ko=bo([F(`annotation/RenderLayer`)],ko),M(`annotation/RenderLayer.updateSegmentation`,function(e){let t=this.get(e.id);t.segmentationStates.value=t.getSegmentationState(e.segmentationStates)});
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
function Ao(e){return{id:e}}
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
const jo=Ao(`decodeBlosc`);
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
let Mo=0;const No=[],Po=/* @__PURE__ */ new Map,Fo=/* @__PURE__ */ new Map,Io=navigator.hardwareConcurrency===void 0?4:Math.min(12,navigator.hardwareConcurrency);let Lo=0;function Ro(e){for(let[t,n]of Po){Po.delete(t),n.cleanup?.(),e.postMessage(n.msg,n.transfer);return}No.push(e)}function zo(){++Mo;let e=new Worker(new URL(
/* @vite-ignore */
new URL(`async_computation.bundle-CIedDlmK.js`,import.meta.url).href,``+import.meta.url),{type:`module`}),t=!1;e.onmessage=n=>{if(!t){t=!0,Ro(e);return}let{id:r,value:i,error:a}=n.data;Ro(e);let o=Fo.get(r);Fo.delete(r),o!==void 0&&(a===void 0?o.resolve(i):o.reject(a))}}function Bo(e,t,n,...r){let i=Lo++,a={t:e.id,id:i,args:r};t?.throwIfAborted();let o=new Promise((e,t)=>{Fo.set(i,{resolve:e,reject:t})});if(No.length!==0)No.pop().postMessage(a,n);else{let e;if(t!==void 0){let n=function(){Po.delete(i);let e=Fo.get(i);Fo.delete(i),e.reject(t.reason)};t.addEventListener(`abort`,n,{once:!0}),e=()=>{t.removeEventListener(`abort`,n)}}Po.set(i,{msg:a,transfer:n,cleanup:e}),Fo.size>Mo&&Mo<Io&&zo()}return o}
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
var Z=/* @__PURE__ */ (e=>(e[e.arrayToArray=0]=`arrayToArray`,e[e.arrayToBytes=1]=`arrayToBytes`,e[e.bytesToBytes=2]=`bytesToBytes`,e))(Z||{});
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
const Vo={[Z.arrayToArray]:/* @__PURE__ */ new Map,[Z.arrayToBytes]:/* @__PURE__ */ new Map,[Z.bytesToBytes]:/* @__PURE__ */ new Map,sharding:/* @__PURE__ */ new Map};function Q(e){e.kind===Z.arrayToBytes&&`getShardedKvStore`in e?Vo.sharding.set(e.name,e):Vo[e.kind].set(e.name,e)}async function Ho(e,t,n){let r=e[Z.bytesToBytes];for(let e=r.length;e--;){let i=r[e],a=Vo[Z.bytesToBytes].get(i.name);if(a===void 0)throw Error(`Unsupported codec: ${JSON.stringify(i.name)}`);t=await a.decode(i.configuration,t,n)}let i;{let r=e[Z.arrayToBytes],a=Vo[Z.arrayToBytes].get(r.name);if(a===void 0)throw Error(`Unsupported codec: ${JSON.stringify(r.name)}`);i=await a.decode(r.configuration,e.arrayInfo[e.arrayInfo.length-1],t,n)}let a=e[Z.arrayToArray];for(let t=a.length;t--;){let r=a[t],o=Vo[Z.arrayToArray].get(r.name);if(o===void 0)throw Error(`Unsupported codec: ${JSON.stringify(r.name)}`);i=await o.decode(r.configuration,e.arrayInfo[t],i,n)}return i}function Uo(e,t,n){let r=n.store,i=t;for(;;){let{shardingInfo:t}=i;if(t===void 0)break;let n=i[Z.arrayToBytes],a=Vo.sharding.get(n.name);if(a===void 0)throw Error(`Unsupported codec: ${JSON.stringify(n.name)}`);r=a.getShardedKvStore(n.configuration,e,r),i=t.subChunkCodecs}let a=i,o=n.path;function s(e,n){let r=o+n,i=e.length,a=t;for(;a.shardingInfo!==void 0;){let{physicalToLogicalDimension:n,readChunkShape:o}=t.layoutInfo[t.layoutInfo.length-1],{subChunkShape:s,subChunkGridShape:c,subChunkCodecs:l}=a.shardingInfo,u=Array(i);for(let t=0;t<i;++t){let r=n[i-1-t];u[r]=Math.floor(e[t]*o[r]/s[r])%c[r]}r={base:r,subChunk:u},a=l}return r}return{kvStore:r,getChunkKey:s,decodeCodecs:a}}
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
Q({name:`blosc`,kind:Z.bytesToBytes,decode(e,t,n){return Bo(jo,n,[t.buffer],t)}});
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
const Wo=Ao(`decodeZstd`);
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
Q({name:`zstd`,kind:Z.bytesToBytes,decode(e,t,n){return Bo(Wo,n,[t.buffer],t)}});
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
var Go=/* @__PURE__ */ (e=>(e[e.LITTLE=0]=`LITTLE`,e[e.BIG=1]=`BIG`,e))(Go||{});function Ko(){return+(new Uint8Array(Uint16Array.of(4386).buffer)[0]===17)}const qo=Ko();function Jo(e){let t=new Uint8Array(e.buffer,e.byteOffset,e.byteLength);for(let e=0,n=t.length;e<n;e+=2){let n=t[e];t[e]=t[e+1],t[e+1]=n}}function Yo(e){let t=new Uint8Array(e.buffer,e.byteOffset,e.byteLength);for(let e=0,n=t.length;e<n;e+=4){let n=t[e];t[e]=t[e+3],t[e+3]=n,n=t[e+1],t[e+1]=t[e+2],t[e+2]=n}}function Xo(e){let t=new Uint8Array(e.buffer,e.byteOffset,e.byteLength);for(let e=0,n=t.length;e<n;e+=8){let n=t[e];t[e]=t[e+7],t[e+7]=n,n=t[e+1],t[e+1]=t[e+6],t[e+6]=n,n=t[e+2],t[e+2]=t[e+5],t[e+5]=n,n=t[e+3],t[e+3]=t[e+4],t[e+4]=n}}function Zo(e,t,n,r=qo){if(t!==r&&n!==1)switch(n){case 2:Jo(e);break;case 4:Yo(e);break;case 8:Xo(e)}}
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
Q({name:`bytes`,kind:Z.arrayToBytes,async decode(e,t,n,r){let{dataType:i,chunkShape:a}=t,o=a.reduce((e,t)=>e*t,1),s=Si[i],c=o*s;if(n.byteLength!==c)throw Error(`Raw-format chunk is ${n.byteLength} bytes, but ${o} * ${s} = ${c} bytes are expected.`);let l=wi(i,n.buffer,n.byteOffset,n.byteLength);return Zo(l,e.endian,s),l}}),Q({name:`crc32c`,kind:Z.bytesToBytes,async decode(e,t,n){if(t.length<4)throw Error(`Expected buffer of size at least 4 bytes but received: ${t.length} bytes`);return t.subarray(0,t.length-4)}});
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
var Qo=class{url;metadata;static RPC_ID=`zarr/VolumeChunkSource`};
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
function $o(e){let t=new Uint8Array(e.buffer,e.byteOffset,e.byteLength);return t.length>=3&&t[0]===31&&t[1]===139&&t[2]===8}async function es(e,t,n){try{let r=ts(e instanceof Response?e:new Response(e),t,n);return await new Response(r).arrayBuffer()}catch{throw n?.throwIfAborted(),Error(`Failed to decode ${t}`)}}function ts(e,t,n){return e.body.pipeThrough(new DecompressionStream(t),{signal:n})}
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
for(let[e,t]of[[`gzip`,`gzip`],[`zlib`,`deflate`]])Q({name:e,kind:Z.bytesToBytes,async decode(e,n,r){return new Uint8Array(await es(n,t,r))}});
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
var ns=class extends W{asyncMemoize;initialize(e){super.initialize(e)}freeSystemMemory(){this.asyncMemoize=void 0}},rs=class extends Qn{constructor(e,t){super(e),this.registerDisposer(e),this.downloadFunction=t.get,this.encodeKeyFunction=t.encodeKey??H}encodeKeyFunction;downloadFunction;get(e,t){let n=this.encodeKeyFunction(e),r=this.chunks.get(n);return r===void 0&&(r=this.getNewChunk_(ns),r.initialize(n),this.addChunk(r)),r.asyncMemoize===void 0&&(r.asyncMemoize=Gn(async t=>{try{let{data:n,size:i}=await this.downloadFunction(e,t);return r.systemMemoryBytes=i,r.queueManager.updateChunkState(r,I.SYSTEM_MEMORY_WORKER),n}catch(e){throw r.queueManager.updateChunkState(r,I.FAILED),e}})),r.state===I.SYSTEM_MEMORY_WORKER&&r.chunkManager.queueManager.markRecentlyUsed(r),r.asyncMemoize(t)}};
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
function is(e,t,n){Rn(e);let r=U(e,`name`,e=>t(zn(e)));return{name:r,configuration:U(e,`configuration`,e=>(e===void 0?e={}:Rn(e),n(e,r)))}}
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
function as(e){let{name:t,configuration:n}=is(e,e=>{let t=os.get(e);if(t===void 0)throw Error(`Unknown codec: ${JSON.stringify(e)}`);return t},e=>e);return{resolver:t,configuration:n}}const os=/* @__PURE__ */ new Map;function ss(e){os.set(e.name,e)}function cs(e,t){let n=[],r=[],i=[],a=[];r.push(t);let o=In(e,as),s=o.length,c=0;for(;c<s;++c){let{resolver:e,configuration:i}=o[c];if(e.kind!==Z.arrayToArray)break;let{configuration:a,encodedArrayInfo:s}=e.resolve(i,t);r.push(s),t=s,n.push({kind:Z.arrayToArray,name:e.name,configuration:a})}if(c===s||o[c].resolver.kind!==Z.arrayToBytes)throw Error(`Missing array -> bytes codec`);let{codecSpec:l,layoutInfo:u,encodedSize:d,shardingInfo:f}=(()=>{let{resolver:e,configuration:n}=o[c],r=e,{configuration:i,shardingInfo:a,encodedSize:l}=r.resolve(n,t);if(a!==void 0&&c+1!==s)throw Error(`bytes -> bytes codecs not supported following sharding codec`);let u=r.getDecodedArrayLayoutInfo(i,t);return{codecSpec:{name:e.name,kind:Z.arrayToBytes,configuration:i},layoutInfo:u,encodedSize:l,shardingInfo:a}})();i[c]=u,a.push(d);let p=d,m=[];for(++c;c<s;){let{resolver:e,configuration:t}=o[c];if(e.kind!==Z.bytesToBytes)throw Error(`Expected bytes -> bytes codec, but received ${JSON.stringify(e.name)} of kind ${Z[e.kind]}`);let{configuration:n,encodedSize:r}=e.resolve(t,p);m.push({name:e.name,kind:e.kind,configuration:n}),a.push(r),++c}for(let e=n.length-1;e>=0;--e)i[e]=o[e].resolver.getDecodedArrayLayoutInfo(n[e].configuration,r[e],i[e+1]);return{[Z.arrayToArray]:n,[Z.arrayToBytes]:l,[Z.bytesToBytes]:m,arrayInfo:r,layoutInfo:i,shardingInfo:f,encodedSize:a}}
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
var ls=/* @__PURE__ */ (e=>(e[e.DEFAULT=0]=`DEFAULT`,e[e.V2=1]=`V2`,e))(ls||{});
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
const $=/* @__PURE__ */ new Map;$.set(`|u1`,{endianness:Go.LITTLE,dataType:Y.UINT8}),$.set(`|i1`,{endianness:Go.LITTLE,dataType:Y.INT8});for(let[e,t]of[[`<`,Go.LITTLE],[`>`,Go.BIG]]){for(let n of[`u`,`i`])$.set(`${e}${n}8`,{endianness:t,dataType:Y.UINT64});$.set(`${e}u2`,{endianness:t,dataType:Y.UINT16}),$.set(`${e}i2`,{endianness:t,dataType:Y.INT16}),$.set(`${e}u4`,{endianness:t,dataType:Y.UINT32}),$.set(`${e}i4`,{endianness:t,dataType:Y.INT32}),$.set(`${e}f4`,{endianness:t,dataType:Y.FLOAT32})}
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
function us(e,t){return Ln(Array(t),e,e=>{if(typeof e!=`number`||!Number.isInteger(e)||e<=0)throw Error(`Expected positive integer, but received: ${JSON.stringify(e)}`);return e})}const ds=/* @__PURE__ */ new Map([[``,{unit:``,scale:1}],[`angstrom`,{unit:`m`,scale:1e-10}],[`foot`,{unit:`m`,scale:.3048}],[`inch`,{unit:`m`,scale:.0254}],[`mile`,{unit:`m`,scale:1609.34}],[`parsec`,{unit:`m`,scale:0x6da012f95c9e88}],[`yard`,{unit:`m`,scale:.9144}],[`minute`,{unit:`s`,scale:60}],[`hour`,{unit:`s`,scale:3600}],[`day`,{unit:`s`,scale:86400}]]);for(let e of[`meter`,`second`])for(let t of si){let{longPrefix:n,prefix:r}=t;if(n===void 0)continue;let i={unit:e[0],scale:10**t.exponent};ds.set(`${n}${e}`,i),ds.set(`${r}${e[0]}`,i)}
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
var fs=/* @__PURE__ */ (e=>(e[e.START=0]=`START`,e[e.END=1]=`END`,e))(fs||{});ss({name:`sharding_indexed`,kind:Z.arrayToBytes,resolve(e,t){Rn(e);let n=U(e,`chunk_shape`,e=>us(e,t.chunkShape.length)),r=Bn(e,`index_location`,e=>Vn(e,fs,/^[a-z]+$/),1),i=Array.from(t.chunkShape,(e,r)=>{let i=n[r];if(e%i!==0)throw Error(`sub-chunk shape of ${JSON.stringify(i)} does not evenly divide outer chunk shape of ${JSON.stringify(t.chunkShape)}`);return e/i}),a=Array.from(i);a.push(2);let o=U(e,`index_codecs`,e=>cs(e,{dataType:Y.UINT64,chunkShape:a}));if(o.encodedSize[o.encodedSize.length-1]===void 0)throw Error(`index_codecs must specify fixed-size encoding`);let s=U(e,`codecs`,e=>cs(e,{dataType:t.dataType,chunkShape:n}));return{configuration:{indexCodecs:o,subChunkCodecs:s,subChunkShape:n,subChunkGridShape:i,indexLocation:r},shardingInfo:{subChunkShape:n,subChunkGridShape:i,subChunkCodecs:s}}},getDecodedArrayLayoutInfo(e,t){return e.subChunkCodecs.layoutInfo[0]}});
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
function ps(e,t){if(t===void 0)return{outer:e,inner:{offset:0,length:e.length}};if(`suffixLength`in t){let n=Math.min(e.length,t.suffixLength);return{outer:{offset:e.offset+(e.length-n),length:n},inner:{offset:e.length-n,length:n}}}if(t.offset+t.length>e.length)throw Error(`Requested byte range ${JSON.stringify(t)} not valid for value of length ${e.length}`);return{outer:{offset:e.offset+t.offset,length:t.length},inner:t}}var ms=class{constructor(e,t){this.base=e,this.byteRange=t}async stat(e){return{totalSize:this.byteRange.length}}async read(e){let{byteRange:t}=this,{outer:n,inner:r}=ps(t,e.byteRange);return n.length===0?{response:new Response(/* @__PURE__ */ new Uint8Array),totalSize:t.length,...r}:{response:(await wr(this.base,{signal:e.signal,byteRange:n,strictByteRange:!0,throwIfMissing:!0})).response,totalSize:t.length,...r}}getUrl(){let{offset:e,length:t}=this.byteRange;return`${this.base.getUrl()}|range:${e}-${e+t}`}};
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
const hs=BigInt(`18446744073709551615`);function gs(e,t,n){return new rs(e.addRef(),{get:async(e,r)=>{let{indexCodecs:i}=n,a=i.encodedSize[i.encodedSize.length-1],o;switch(n.indexLocation){case fs.START:o={offset:0,length:a};break;case fs.END:o={suffixLength:a}}let s=await t.read(e,{...r,byteRange:o});if(s===void 0)return{size:0,data:void 0};let c=await Ho(n.indexCodecs,new Uint8Array(await s.response.arrayBuffer()),r.signal);return{size:c.byteLength,data:new BigUint64Array(c.buffer,c.byteOffset,c.byteLength/8)}}})}var _s=class extends A{constructor(e,t,n){super(),this.configuration=e,this.base=n,this.indexCache=this.registerDisposer(gs(t,n,e));let{subChunkGridShape:r}=this.configuration,i=r.length,a=this.configuration.indexCodecs.layoutInfo[0].physicalToLogicalDimension,o=this.indexStrides=Array(i+1),s=1;for(let e=i;e>=0;--e){let t=a[e];o[t]=s,s*=t===i?2:r[t]}}indexCache;indexStrides;async findKey(e,t){let n=await this.indexCache.get(e.base,t);if(n===void 0)return;let r=this.configuration.subChunkShape.length,{subChunk:i}=e,{indexStrides:a}=this,o=0;for(let e=0;e<r;++e){let t=i[e];o+=t*a[e]}let s=n[o],c=n[o+a[r]];if(s!==hs||c!==hs)return{offset:Number(s),length:Number(c)}}async stat(e,t){let n=await this.findKey(e,t);if(n!==void 0)return{totalSize:n.length}}async read(e,t){let n=await this.findKey(e,t);if(n!==void 0)return new ms(new q(this.base,e.base),n).read(t)}getUrl(e){return`subchunk ${JSON.stringify(e.subChunk)} within shard ${this.base.getUrl(e.base)}`}get supportsOffsetReads(){return!0}get supportsSuffixReads(){return!0}};
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
Q({name:`sharding_indexed`,kind:Z.arrayToBytes,getShardedKvStore(e,t,n){return new _s(e,t,n)}}),Q({name:`transpose`,kind:Z.arrayToArray,async decode(e,t,n,r){return n}});
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
const vs=Ao(`encodeCompressedSegmentationUint32`),ys=Ao(`encodeCompressedSegmentationUint64`);
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
async function bs(e,t,n){let{spec:r}=e.source;if(r.compressedSegmentationBlockSize!==void 0){let{dataType:i}=r,a=e.chunkDataSize,o=[a[0],a[1],a[2],a[3]||1];switch(i){case Y.UINT32:e.data=await Bo(vs,t,[n.buffer],n,o,r.compressedSegmentationBlockSize);break;case Y.UINT64:e.data=await Bo(ys,t,[n.buffer],n,o,r.compressedSegmentationBlockSize);break;default:throw Error(`Unsupported data type for compressed segmentation: ${Y[i]}`)}}else e.data=n}
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
var xs=class extends aa{source=null;data;chunkDataSize;initializeVolumeChunk(e,t){super.initializeVolumeChunk(e,t),this.chunkDataSize=null,this.data=null}serialize(e,t){super.serialize(e,t);let n=this.chunkDataSize;n!==this.source.spec.chunkDataSize&&(e.chunkDataSize=n);let r=e.data=this.data;r!==null&&t.push(r.buffer),this.data=null}downloadSucceeded(){this.systemMemoryBytes=this.gpuMemoryBytes=this.data?.byteLength??0,super.downloadSucceeded()}freeSystemMemory(){this.data=null}};function Ss(e,t){let{spec:n,tempChunkDataSize:r,tempChunkPosition:i}=e,{upperVoxelBound:a,rank:o,baseVoxelOffset:s}=n,c=n.chunkDataSize,l=r,u=fi(i,t.chunkGridPosition,c),d=!1;for(let e=0;e<o;++e){let t=Math.min(a[e],u[e]+c[e]);(l[e]=t-u[e])!==c[e]&&(d=!0)}return di(u,u,s),t.chunkDataSize=d?Uint32Array.from(l):c,u}var Cs=class extends oa{tempChunkDataSize;tempChunkPosition;constructor(e,t){super(e,t);let n=this.spec.rank;this.tempChunkDataSize=new Uint32Array(n),this.tempChunkPosition=new Float32Array(n)}computeChunkBounds(e){return Ss(this,e)}};Cs.prototype.chunkConstructor=xs;var ws=Object.defineProperty,Ts=Object.getOwnPropertyDescriptor,Es=(e,t,n,r)=>{for(var i=r>1?void 0:r?Ts(t,n):t,a=e.length-1,o;a>=0;a--)(o=e[a])&&(i=(r?o(t,n,i):o(i))||i);return r&&i&&ws(t,n,i),i};
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
let Ds=class extends dr(Zr(Cs),Qo){chunkKvStore=Uo(this.chunkManager,this.parameters.metadata.codecs,this.sharedKvStoreContext.kvStoreContext.getKvStore(this.parameters.url));async download(e,t){e.chunkDataSize=this.spec.chunkDataSize;let{parameters:n}=this,{chunkGridPosition:r}=e,{metadata:i}=n,a=``,o=this.spec.rank,{physicalToLogicalDimension:s}=i.codecs.layoutInfo[0],c;i.chunkKeyEncoding===ls.DEFAULT?(a+=`c`,c=i.dimensionSeparator):(c=``,o===0&&(a+=`0`));let l=Array(o),{readChunkShape:u}=i.codecs.layoutInfo[0],{chunkShape:d}=i;for(let e=0;e<o;++e){let t=s[o-1-e];l[t]=Math.floor(r[e]*u[t]/d[t])}for(let e=0;e<o;++e)a+=`${c}${l[e]}`,c=i.dimensionSeparator;let{chunkKvStore:f}=this,p=await f.kvStore.read(f.getChunkKey(r,a),{signal:t});p!==void 0&&await bs(e,t,await Ho(f.decodeCodecs,new Uint8Array(await p.response.arrayBuffer()),t))}};Ds=Es([F()],Ds);
/**
* @license
* Copyright 2025 Google Inc.
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
function Os(e){let t=e.match(/^([0-9]+)-([0-9]+)$/);if(t!==null){let e=Number(t[1]),n=Number(t[2]);if(n>=e)return{offset:e,length:n-e}}throw Error(`Invalid key ${JSON.stringify(e)} for "byte-range:", expected "<begin>-<end>"`)}var ks=class{constructor(e){this.base=e}getUrl(e){return this.base.getUrl()+`|byte-range:${e}`}async stat(e,t){let{length:n}=Os(e);return{totalSize:n}}async read(e,t){let n=Os(e);return new ms(this.base,n).read(t)}get supportsOffsetReads(){return!0}get supportsSuffixReads(){return!0}get singleKey(){return!0}};
/**
* @license
* Copyright 2025 Google Inc.
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
function As(){return{scheme:`byte-range`,description:`byte range slicing`,getKvStore(e,t){return jr(e),{store:new ks(new q(t.store,t.path)),path:e.suffix??``}}}}Wr.registerKvStoreAdapterProvider(As)
/**
* @license
* Copyright 2025 Google Inc.
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
;var js=class{constructor(e,t){this.base=e,this.format=t}async stat(e){return await this.base.stat(e),{totalSize:void 0}}async read(e){let{byteRange:t}=e;if(t===void 0){let t=await this.base.read(e);return t===void 0?void 0:{response:new Response(ts(t.response,this.format)),offset:0,length:void 0,totalSize:void 0}}if(`suffixLength`in t||t.offset!==0)throw Error(`Byte range with offset not supported: ${JSON.stringify(t)}`);let n=new Uint8Array(t.length),r=[],i=0,a=t.length+100;for(;;){let t=await this.base.read({...e,byteRange:{offset:i,length:a-i}});if(t===void 0)return;{let e=new Uint8Array(await t.response.arrayBuffer());r.push(e),i+=e.length}let o=new DecompressionStream(`gzip`),s=o.writable.getWriter(),c=[];for(let e of r)c.push(s.write(e));c.push(s.close());let l=o.readable.getReader(),u=0;try{for(;u<n.length;){let{value:e}=await l.read();if(e===void 0)break;let t=n.length-u;e.length>t&&(e=e.subarray(0,t)),n.set(e,u),u+=e.length}if(u===n.length||i===t.totalSize)return u<n.length&&(n=n.subarray(0,u)),{response:new Response(n),offset:0,length:n.length,totalSize:void 0}}finally{await l.cancel(),await Promise.allSettled(c)}a+=Math.min(100,n.length-u)}}getUrl(){return this.base.getUrl()+`|gzip`}},Ms=class{constructor(e,t,n){
/**
* @license
* Copyright 2025 Google Inc.
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
this.base=e,this.scheme=t,this.format=n}getUrl(e){return this.validatePath(e),this.base.getUrl()+`|${this.scheme}`}validatePath(e){if(e)throw Error(`"${this.scheme}:" does not support non-empty path ${JSON.stringify(e)}`)}async stat(e,t){return this.validatePath(e),await this.base.stat(t),{totalSize:void 0}}async read(e,t){return this.validatePath(e),new js(this.base,this.format).read(t)}get supportsOffsetReads(){return!1}get supportsSuffixReads(){return!1}get singleKey(){return!0}};async function Ns(e){return $o(e.prefix)?[{suffix:`gzip:`,description:`gzip-compressed`}]:[]}function Ps(e){e.registerFileFormat({prefixLength:3,suffixLength:0,match:Ns})}
/**
* @license
* Copyright 2025 Google Inc.
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
function Fs(e,t){return{scheme:e,description:`transparent ${e} decoding`,getKvStore(n,r){return Mr(n),{store:new Ms(new q(r.store,r.path),e,t),path:``}}}}Wr.registerKvStoreAdapterProvider(()=>Fs(`gzip`,`gzip`)),Ps(Wr.autoDetectRegistry);
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
var Is=class e extends Error{url;status;statusText;response;constructor(e,t,n,r,i){let a=`Fetching ${JSON.stringify(e)} resulted in HTTP error ${t}`;n&&(a+=`: ${n}`),a+=`.`,super(a,i),this.name=`HttpError`,this.message=a,this.url=e,this.status=t,this.statusText=n,r&&(this.response=r)}static fromResponse(t){return new e(t.url,t.status,t.statusText,t)}static fromRequestError(t,n){if(n instanceof TypeError){let r;return r=typeof t==`string`?t:t.url,new e(r,0,`Network or CORS error`,void 0,{cause:n})}return n}};function Ls(e){return Math.min(2**e*500,5e3)*(1+Math.random())}async function Rs(e,t){for(let n=0;;){t?.signal?.throwIfAborted();let r;try{r=await fetch(e,t)}catch(t){throw Is.fromRequestError(e,t)}if(!r.ok){let{status:e}=r;if((e===429||e===503||e===504)&&++n!==32){await new Promise(e=>setTimeout(e,Ls(n-1)));continue}throw Is.fromResponse(r)}return r}}function zs(e){return e instanceof Is?e.status===0||e.status===403||e.status===404:!1}
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
function Bs(e){if(e!==void 0)return`bytes=${e.offset}-${e.offset+e.length-1}`}const Vs=navigator.userAgent.indexOf(`Chrome`)===-1?`default`:`no-store`;function Hs(e,t){return new URL(e).pathname+`/`===new URL(t.url).pathname}function Us(e){let t=e.match(/bytes ([0-9]+)-([0-9]+)\/([0-9]+|\*)/);if(t===null)throw Error(`Invalid content-range header: ${JSON.stringify(e)}`);let n=parseInt(t[1],10),r=parseInt(t[2],10),i;return t[3]!==`*`&&(i=parseInt(t[3],10)),{offset:n,length:r-n+1,totalSize:i}}async function Ws(e,t,n,r,i=Rs){let a;try{let{byteRange:o}=r,s;if(o!==void 0){if(`suffixLength`in o){let c=await qs(e,t,n,r,i);if(c===void 0)return;let{totalSize:l}=c;if(l===void 0)throw Error(`Failed to determine total size of ${e.getUrl(t)} in order to fetch suffix ${JSON.stringify(o)}`);if(a=ps({offset:0,length:l},o).outer,a.length===0)return{...a,totalSize:l,response:new Response(/* @__PURE__ */ new Uint8Array)};s=Bs(a)}else a=o,s=a.length===0?Bs({offset:Math.max(a.offset-1,0),length:1}):Bs(a)}let c={signal:r.signal,progressListener:r.progressListener};s!==void 0&&(c.headers={range:s},c.cache=Vs);let l=await i(n,c);if(Hs(n,l))return;let u,d,f;if(l.status===206){let e=l.headers.get(`content-range`);if(e===null){if(a!==void 0)u=a.offset;else throw Error(`Unexpected HTTP 206 response when no byte range specified.`)}e!==null&&({offset:u,length:d,totalSize:f}=Us(e))}else d=f=Gs(l.headers);return u===void 0&&(u=0),d===void 0&&(d=Gs(l.headers)),a?.length===0&&(l=new Response(/* @__PURE__ */ new Uint8Array),u=a.offset,d=0),{response:l,offset:u,length:d,totalSize:f}}catch(n){return n instanceof Is&&n.status===416&&a?.length===0&&a.offset===0?{response:new Response(/* @__PURE__ */ new Uint8Array),offset:0,length:0,totalSize:0}:Ks(e,t,r,n)}}function Gs(e){let t=e.get(`content-length`);if(e.get(`content-encoding`)===null&&t!==null){let e=Number(t);if(!Number.isFinite(e)||e<0)throw Error(`Invalid content-length: {contentLength}`);return e}}function Ks(e,t,n,r){if(zs(r)){if(n.throwIfMissing===!0)throw new Sr(new q(e,t),{cause:r})}else throw r}async function qs(e,t,n,r,i=Rs){try{let e=await i(n,{method:`HEAD`,signal:r.signal,progressListener:r.progressListener});return Hs(n,e)?void 0:{totalSize:Gs(e.headers)}}catch(n){if(!(n instanceof Is&&(n.status===405||n.status===501)))return Ks(e,t,r,n)}try{let e=await i(n,{signal:r.signal,progressListener:r.progressListener,headers:{range:`bytes=0-0`}});if(Hs(n,e))return;let t;if(e.status===200)t=Gs(e.headers);else{let n=e.headers.get(`content-range`);n!==null&&({totalSize:t}=Us(n))}return{totalSize:t}}catch(n){return n instanceof Is&&n.status===416?{totalSize:0}:Ks(e,t,r,n)}}
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
var Js=class{constructor(e,t,n=t,r=Rs){this.sharedKvStoreContext=e,this.baseUrl=t,this.baseUrlForDisplay=n,this.fetchOkImpl=r}stat(e,t){return qs(this,e,Ir(this.baseUrl,e),t,this.fetchOkImpl)}read(e,t){return Ws(this,e,Ir(this.baseUrl,e),t,this.fetchOkImpl)}getUrl(e){return Ir(this.baseUrlForDisplay,e)}get supportsOffsetReads(){return!0}get supportsSuffixReads(){return!0}};function Ys(e,t,n){return{scheme:e,description:`${e} (unauthenticated)`,getKvStore(e){try{let{baseUrl:r,path:i}=Lr(e.url);return{store:new n(t,r),path:i}}catch(t){throw Error(`Invalid URL ${JSON.stringify(e.url)}`,{cause:t})}}}}function Xs(e,t){for(let n of[`http`,`https`])e.registerBaseKvStoreProvider(e=>Ys(n,e,t))}
/**
* @license
* Copyright 2024 Google Inc.
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
N(`SharedKvStoreContext.stat`,async function(e,t){return{value:await this.get(e.sharedKvStoreContext).kvStoreContext.stat(e.url,t)}}),N(`SharedKvStoreContext.read`,async function(e,t){let n=await this.get(e.sharedKvStoreContext).kvStoreContext.read(e.url,{...t,byteRange:e.byteRange,throwIfMissing:e.throwIfMissing});if(n===void 0)return{value:void 0};let r=await n.response.arrayBuffer();return{value:{data:r,offset:n.offset,totalSize:n.totalSize},transfers:[r]}});function Zs(e,t,n){return e.rpc.promiseInvoke(Gr,{sharedKvStoreContext:e.rpcId,url:t},{signal:n.signal,progressListener:n.progressListener})}
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
/**
* @license
* Copyright 2025 Google Inc.
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
N(Gr,async function(e,t){let{store:n,path:r}=this.get(e.sharedKvStoreContext).kvStoreContext.getKvStore(e.url);return{value:await n.list(r,t)}}),N(`SharedKvStoreContext.completeUrl`,async function(e,t){let{kvStoreContext:n}=this.get(e.sharedKvStoreContext),{url:r}=e,i=Dr(r),a;if(i===r){let e=kr(i),r=n.getBaseKvStoreProvider(e);r.completeUrl!==void 0&&(a=await r.completeUrl({url:e,...t}))}else{let e=kr(i),o=n.getKvStoreAdapterProvider(e),s=r.slice(0,r.length-i.length-1),c=n.getKvStore(s);o.completeUrl!==void 0&&(a=await o.completeUrl({url:e,base:c,...t}))}return{value:a}}),Xs(Xr,class extends Js{list(e,t){return Zs(this.sharedKvStoreContext,this.getUrl(e),t)}});
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
const Qs=new Pt(self,!1);Qs.sendReady(),globalThis.rpc=Qs;