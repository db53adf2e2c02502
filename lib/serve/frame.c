#include "serve/view.h"

#include "serve/html.h"

static int32_t held(const struct page_view *v)
{
	int32_t count = 0;
	for (int32_t i = 0; i < v->now.shard_count; i++)
		count += v->now.shards[i].mine;
	return count;
}

void frame_open(struct str *out, const struct page_view *v, const char *title)
{
	char clock[24], iso[32];
	html_add(out,
		 "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		 "<meta name=\"color-scheme\" content=\"light dark\">"
		 "<title>%s</title>"
		 "<link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">"
		 "<link rel=\"stylesheet\" href=\"/assets/page.css\">"
		 "<script src=\"/assets/page.js\" defer></script></head>\n"
		 "<body data-refresh-ms=\"%d\"><a class=\"skip\" href=\"#main\">Skip to "
		 "the content</a>\n"
		 "<header><a class=\"brand\" href=\"/\"><img src=\"/assets/icon.svg\" "
		 "alt=\"\" width=\"26\" height=\"26\">Foretop</a>",
		 title, v->refresh_ms);
	html_add(out,
		 "<p class=\"asof\" id=\"asof\" data-live><span>as of <time "
		 "datetime=\"%s\">%s</time></span>",
		 time_format(v->now.now_ms, iso, sizeof(iso)),
		 html_clock(v->now.now_ms, clock, sizeof(clock)));
	if (v->now.leading && v->now.shard_count > 1)
		html_add(out, "<span class=\"leads\">%s leads %d of %d shards</span>",
			 *v->now.instance ? v->now.instance : "this replica",
			 (int)held(v), (int)v->now.shard_count);
	else if (v->now.leading)
		html_add(out, "<span class=\"leads\">%s leads</span>",
			 *v->now.instance ? v->now.instance : "this replica");
	else
		html_add(out, "<span class=\"stands\">%s stands by</span>",
			 *v->now.instance ? v->now.instance : "this replica");
	str_puts(out, "</p></header>\n<main id=\"main\">\n");
}

void frame_close(struct str *out)
{
	str_puts(out, "</main>\n<footer><p>Foretop " FORETOP_VERSION
		      ", read only. For programs: <a href=\"/api/v1/policies\">"
		      "/api/v1/policies</a>.</p>"
		      "<noscript><p>Scripts are off: reload the page to see what is "
		      "new.</p></noscript></footer>\n</body></html>\n");
}

/* Names and numbers of the replicas that lead; each once. */
void frame_shards(struct str *out, const struct page_view *v)
{
	const struct page_shard *shards = v->now.shards;
	if (v->now.shard_count < 2)
		return;
	str_puts(out, "<p class=\"shards\" id=\"shards\" data-live>");
	for (int32_t i = 0; i < v->now.shard_count; i++) {
		bool before = false;
		for (int32_t k = 0; k < i; k++)
			before |= !strcmp(shards[k].holder, shards[i].holder);
		if (before)
			continue;
		html_add(out, "%s<b>%s</b>: ", i ? "; " : "",
			 *shards[i].holder ? shards[i].holder : "nobody");
		str_puts(out, shards[i].mine ? "shards (shown here)" : "shards");
		for (int32_t k = i; k < v->now.shard_count; k++)
			if (!strcmp(shards[k].holder, shards[i].holder))
				html_add(out, " %d", (int)k);
	}
	str_puts(out, "</p>");
}

char *frame_leader(const struct page_view *v, const struct page_other *other)
{
	const struct page_shard *shard = &v->now.shards[other->shard];
	if (shard->mine)
		return xasprintf("led by this replica (shard %d), which is still reading "
				 "it or has no place for it",
				 (int)other->shard);
	return xasprintf("led by %s (shard %d)",
			 *shard->holder ? shard->holder : "nobody at the moment",
			 (int)other->shard);
}

void page_other_write(struct str *out, const struct page_view *v,
		      const struct page_other *other)
{
	const struct page_shard *shard = &v->now.shards[other->shard];
	char *name AUTO_FREE = xasprintf("%s/%s", other->ns, other->name);
	char *leader AUTO_FREE = frame_leader(v, other);
	frame_open(out, v, name);
	html_add(out, "<h1>%s</h1><p>This policy is %s.</p>", name, leader);
	if (*shard->holder && !shard->mine)
		html_add(out,
			 "<p>The page of that replica shows it. To reach it:</p>"
			 "<pre>kubectl port-forward pod/%s 8081</pre>",
			 shard->holder);
	str_puts(out, "<p><a href=\"/\">All policies</a></p>");
	frame_close(out);
}

void frame_standby(struct str *out, const struct page_view *v)
{
	if (v->now.leading)
		return;
	str_puts(out, "<div class=\"note\"><h2>This replica stands by</h2>");
	if (*v->now.leader)
		html_add(out,
			 "<p><b>%s</b> leads: it decides, and its page shows the "
			 "policies. To reach it:</p>"
			 "<pre>kubectl port-forward pod/%s 8081</pre>",
			 v->now.leader, v->now.leader);
	else if (v->now.shard_count > 1)
		frame_shards(out, v);
	else
		str_puts(out, "<p>Nobody is known to lead. A replica takes over when the "
			      "Lease has run out.</p>");
	str_puts(out, "<p>It is ready to take over; until then it holds no numbers of "
		      "policies.</p></div>");
}

void page_note_write(struct str *out, const struct page_view *v, const char *title,
		     const char *text)
{
	frame_open(out, v, title);
	html_add(out, "<h1>%s</h1><p>%s</p><p><a href=\"/\">All policies</a></p>", title,
		 text);
	frame_close(out);
}
