package browser_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gosessions/sessions/browser"
)

// The contrast of text with what is behind it, as WCAG 2 computes it. The script
// returns what has too little: below 4.5, or 3 for large text.
const faint = `(() => {
	const parse = text => {
		const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
		canvas.fillStyle = text;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return {r, g, b, a: a / 255};
	};
	const over = (top, under) => ({
		r: top.r * top.a + under.r * (1 - top.a),
		g: top.g * top.a + under.g * (1 - top.a),
		b: top.b * top.a + under.b * (1 - top.a),
		a: 1,
	});
	const light = c => {
		const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
		return 0.2126 * part(c.r) + 0.7152 * part(c.g) + 0.0722 * part(c.b);
	};
	const behind = e => {
		const layers = [];
		for (; e; e = e.parentElement) layers.unshift(parse(getComputedStyle(e).backgroundColor));
		return layers.reduce((under, top) => over(top, under), parse("Canvas"));
	};
	const bad = [];
	for (const e of document.querySelectorAll("body *")) {
		const style = getComputedStyle(e), box = e.getBoundingClientRect();
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
		if (!own || !box.width || style.visibility === "hidden" || style.opacity < 1) continue;
		const back = behind(e), a = light(over(parse(style.color), back)), b = light(back);
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		if (contrast < (large ? 3 : 4.5)) bad.push(contrast.toFixed(2) + " " + e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 30));
	}
	return bad;
})()`

// Controls without a name that assistive technology could read out.
const nameless = `[...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href]")]
	.filter(e => !(e.labels?.length || e.getAttribute("aria-label") || e.innerText?.trim()))
	.map(e => e.outerHTML)`

// TestDemoLooks: the page fits every window, can be read in both color
// schemes, and has a name for every control. It also makes the pictures for the README:
//
//	go test -run TestDemoLooks -artifacts -outputdir "$(mktemp -d)" .
func TestDemoLooks(t *testing.T) {
	url := demo(t, "example", "/healthz")
	page := browser.Open(t)
	page.Goto(url)
	page.Submit(`form[action="/cart"] button`)
	page.Fill("#user", "ada")
	page.Submit(`form[action="/login"] button`)
	other := browser.Open(t)
	other.Goto(url)
	other.Fill("#user", "ada")
	other.Submit(`form[action="/login"] button`)
	for _, scheme := range []string{"light", "dark"} {
		page.ColorScheme(scheme)
		page.Size(1180, 900)
		page.Reload()
		page.Screenshot(filepath.Join(t.ArtifactDir(), "demo-"+scheme+".png"))
	}
	page.Fill("#key", "a-rather-long-key-without-any-space-in-it")
	page.Fill("#value", `"`+fmt.Sprintf("%0300d", 7)+`"`)
	page.Submit(`form[action="/set"] button`)

	for _, scheme := range []string{"light", "dark"} {
		page.ColorScheme(scheme)
		for _, width := range []int{320, 390, 768, 1280, 1920} {
			page.Size(width, 900)
			page.Reload()
			var wide int
			page.Eval("document.documentElement.scrollWidth", &wide)
			if wide > width {
				t.Errorf("%s, %d pixels: the page is %d wide", scheme, width, wide)
			}
			page.Screenshot(filepath.Join(t.ArtifactDir(), fmt.Sprintf("%s-%d.png", scheme, width)))
		}
		var bad []string
		page.Eval(faint, &bad)
		for _, text := range bad {
			t.Errorf("%s: too little contrast: %s", scheme, text)
		}
	}
	var bad []string
	page.Eval(nameless, &bad)
	for _, control := range bad {
		t.Errorf("a control without a name: %s", control)
	}
}
