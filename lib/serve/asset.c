#include "serve/asset.h"

#include "base/base.h"

#include <string.h>

/* The assembler puts the file between two labels; the Makefile knows that this object
 * depends on it. Its path is looked up where includes are. */
#define EMBED(name, file)                                                                \
	__asm__(".pushsection .rodata\n"                                                 \
		"asset_" #name ":\n"                                                     \
		".incbin \"" file "\"\n"                                                 \
		"asset_" #name "_end:\n"                                                 \
		".byte 0\n"                                                              \
		".popsection\n");                                                        \
	extern const char asset_##name[] __attribute__((visibility("hidden")));          \
	extern const char asset_##name##_end[] __attribute__((visibility("hidden")))

EMBED(css, "serve/assets/page.css");
EMBED(js, "serve/assets/page.js");
EMBED(icon, "serve/assets/icon.svg");

static const struct asset assets[] = {
	{"/assets/page.css", "text/css; charset=utf-8", asset_css, asset_css_end},
	{"/assets/page.js", "text/javascript; charset=utf-8", asset_js, asset_js_end},
	{"/assets/icon.svg", "image/svg+xml", asset_icon, asset_icon_end},
};

const struct asset *asset_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(assets); i++)
		if (!strcmp(assets[i].path, path))
			return &assets[i];
	return NULL;
}
