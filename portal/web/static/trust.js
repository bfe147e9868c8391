//e9eafcbf392b9899
window.trustedTypes?.createPolicy("default",{createHTML:e=>e});
