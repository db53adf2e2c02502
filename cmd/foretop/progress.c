#include "progress.h"

#include "io/io.h"

#define COLUMNS   40
#define SILENT_MS 500

void progress_begin(struct progress *p, FILE *file, bool terminal)
{
	*p = (struct progress){
		.file = terminal ? file : NULL, .began_ms = wall_ms(), .percent = -1};
}

void progress_show(struct progress *p, double share)
{
	int percent = (int)(100 * share);
	int64_t waited_ms = wall_ms() - p->began_ms;
	if (!p->file || percent == p->percent || waited_ms < SILENT_MS)
		return;
	p->percent = percent;
	p->shown = true;
	fputs("\r[", p->file);
	for (int i = 0; i < COLUMNS; i++)
		fputc(i * 100 < percent * COLUMNS ? '#' : '.', p->file);
	fprintf(p->file, "] %3d %%", percent);
	if (share > 0.02)
		fprintf(p->file, ", %d s left ",
			(int)((double)waited_ms * (1 - share) / share / 1000));
	fflush(p->file);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", p->file);
	p->shown = false;
}
