// Trusted Types: a text may become markup only on pages with htmx, which takes it from our own answers. None may
// become script, or the address of one.
window.trustedTypes?.createPolicy("default", { createHTML: (html) => html });
