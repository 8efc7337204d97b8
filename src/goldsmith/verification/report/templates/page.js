(function () {
  "use strict";
  var checks = document.getElementById("filter");
  if (checks) {
    checks.hidden = false;
    checks.addEventListener("input", function () {
      var word = checks.querySelector("input").value.trim().toLowerCase();
      document.querySelectorAll("#checks tbody tr").forEach(function (row) {
        row.hidden = word !== "" && row.textContent.toLowerCase().indexOf(word) < 0;
      });
      if (word) {
        document.querySelectorAll("#checks details").forEach(function (each) { each.open = true; });
      }
    });
    checks.addEventListener("submit", function (event) { event.preventDefault(); });
  }

  function search(form, word) {
    var found = 0;
    var wanted = word.trim().toLowerCase();
    var lines = document.getElementById(form.dataset.of).querySelectorAll(".l");
    lines.forEach(function (line) {
      var hit = wanted === "" || line.textContent.toLowerCase().indexOf(wanted) >= 0;
      line.hidden = !hit;
      if (hit) { found += 1; }
    });
    form.querySelector("output").textContent =
      wanted === "" ? lines.length + " lines" : found + " of " + lines.length + " lines";
  }

  var forms = Array.prototype.slice.call(document.querySelectorAll("form.search"));
  forms.forEach(function (form) {
    form.hidden = false;
    form.addEventListener("input", function () { search(form, form.querySelector("input").value); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    search(form, "");
  });

  function fromAddress() {
    var asked = /^#q=(.*)$/.exec(location.hash);
    if (!asked) { return; }
    var word = asked[1];
    try { word = decodeURIComponent(word); } catch (error) { /* shown as it stands */ }
    forms.forEach(function (form) {
      form.closest("details").open = true;
      form.querySelector("input").value = word;
      search(form, word);
    });
  }
  window.addEventListener("hashchange", fromAddress);
  fromAddress();

  // A closed part stays closed on paper otherwise. Consoles do: they are long, and lie in files of their own.
  function open() {
    document.querySelectorAll("main details:not(.console)").forEach(function (each) { each.open = true; });
  }
  window.addEventListener("beforeprint", open);
  window.matchMedia("print").addEventListener("change", function (event) { if (event.matches) { open(); } });
})();
