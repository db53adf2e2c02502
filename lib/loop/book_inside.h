/* The entries of the book, private to its two files: book.c, the policies and what their
 * status objects said at the start; book_status.c, which writes the status objects. */
#ifndef FORETOP_LOOP_BOOK_INSIDE_H
#define FORETOP_LOOP_BOOK_INSIDE_H

#include "loop/inside.h"

#define STATUS_KEY "status.json"
/* Places of the hash by name: some entries in each with 10,000 policies. */
#define BUCKETS 4096

enum entry_state {
	ENTRY_NEW,     /* the engine does not know it */
	ENTRY_READING, /* its status object is being read */
	ENTRY_READ,    /* the record is at hand, the engine knows it */
};

/* One policy object. */
struct entry {
	struct book *book;
	struct entry *next;         /* of all */
	struct entry *chain;        /* in a bucket */
	struct entry *next_waiting; /* in the queue of status objects */
	bool waiting;
	char *ns, *name, *uid, *text; /* text NULL: the key is missing */
	int64_t created_ms;
	enum entry_state state;
	struct state_record *record; /* until a policy has taken it over */
	bool turned_away;            /* the engine has no place for it */
	char *kept; /* the last valid version by the status object; NULL: none, or used */
	/* its status object */
	char version[KUBE_VERSION_SIZE];
	struct kube_call *call;
	bool stale;    /* what the engine has is to be written in its turn */
	cJSON *status; /* content that is to be written at once, or NULL */
	cJSON *sent;   /* content that is being written */
	bool saving;   /* the write under way answers `sent_save` */
	bool save_due; /* the next write must answer `save` */
	struct write_ref save, sent_save;
	bool rereading;
	struct timer retry;
};

/* A status object that the list brought, until its policy takes it. */
struct found {
	struct found *chain;
	char *name;
	char version[KUBE_VERSION_SIZE];
	char *text;
};

/* Where policies are watched: one namespace, or all. */
struct ward {
	struct book *book;
	char *ns; /* NULL: all */
	struct kube_watch *watch;
	bool synced;
};

struct book {
	struct loop *loop;
	struct ward *wards;
	int32_t ward_count;
	struct entry *entries, *buckets[BUCKETS];
	struct entry *waiting, **waiting_end; /* whose status is to be written, in turn */
	struct kube_list *list;
	struct found *found[BUCKETS];
	bool complete; /* the list is: what is not in it does not exist */
	bool listing;  /* they are being listed, and then taken by their policies */
	bool listed;   /* what the list brought was taken */
	struct timer drain, retry;
	bool synced, feeding;
	int32_t turned_away; /* entries */
};

/* The entry of this name, or NULL. */
struct entry *book_find(const struct book *b, const char *ns, const char *name);
/* Name of its status object; the caller frees it. */
char *entry_status_name(const struct entry *p);
/* Takes an entry out of the queue of status objects. */
void entry_unqueue(struct entry *p);

#endif
