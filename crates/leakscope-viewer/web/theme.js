// Runs before the first paint: a theme that the address names holds from the start. Without one, the
// style sheet follows the system.
(() => {
  const named = /[?&]theme=(dark|light)\b/.exec(location.hash);
  if (named !== null) document.documentElement.dataset.theme = named[1];
})();
