/* The files that the page is made of, embedded in the binary when it is built. Private to
 * serve. */
#ifndef FORETOP_SERVE_ASSET_H
#define FORETOP_SERVE_ASSET_H

struct asset {
	const char *path;       /* "/assets/page.css" */
	const char *type;       /* Content-Type */
	const char *data, *end; /* [data, end) */
};

/* NULL: there is none at this path. */
const struct asset *asset_find(const char *path);

#endif
