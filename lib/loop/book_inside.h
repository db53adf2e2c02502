/* The entries of the book, private to its three files: book.c, the policies;
 * book_list.c, what their status objects said at the start; book_status.c, which writes
 * the status objects. */
#ifndef FORETOP_LOOP_BOOK_INSIDE_H
#define FORETOP_LOOP_BOOK_INSIDE_H

#include "loop/shards.h"

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
	struct entry *next; /* of all */
	/* What is asked of all, in a walk from one to the next, stands beside that. */
	enum entry_state state;
	int32_t shard; /* of its target; while that is not known, of its name */
	bool placed; /* its target is known, or its status object does not tell it either
		      */
	bool waiting;
	struct entry *next_waiting;   /* in the queue of status objects */
	struct entry *chain;          /* in a bucket */
	char *ns, *name, *uid, *text; /* text NULL: the key is missing */
	int64_t created_ms;
	struct state_record *record; /* until a policy has taken it over */
	bool turned_away;            /* the engine has no place for it */
	char *kept; /* the last valid version by the status object; NULL: none, or used */
	/* its status object */
	char version[KUBE_VERSION_SIZE];
	struct kube_call *call;
	bool stale;    /* what the engine has is to be written in its turn */
	bool failed;   /* the newest write did, and is made again in a while */
	char *status;  /* content that is to be written at once, or NULL */
	char *sent;    /* content that is being written */
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

/* The policies of one shard. */
struct part {
	bool feeding; /* the engine is told of them */
	bool in_list; /* their status objects are being listed, and then taken by them */
	bool listed;  /* what the list brought was taken: later ones read their own */
};

struct book {
	struct loop *loop;
	struct ward *wards;
	int32_t ward_count;
	struct entry *entries, *buckets[BUCKETS];
	struct entry *waiting, **waiting_end; /* whose status is to be written, in turn */
	struct kube_list *list;
	struct found *found[BUCKETS];
	struct part *parts; /* by the shard */
	bool complete;      /* the list is: what is not in it does not exist */
	bool listing;       /* for the parts that are in_list */
	struct timer drain, retry;
	struct timer again; /* writes that failed */
	bool again_armed;
	bool synced;
	char *trouble;       /* of the last attempt to list the policies; NULL: none */
	int32_t turned_away; /* entries */
};

/* The entry of this name, or NULL. */
struct entry *book_find(const struct book *b, const char *ns, const char *name);
/* Name of its status object; the caller frees it. */
char *entry_status_name(const struct entry *p);
/* Takes an entry out of the queue of status objects. */
void entry_unqueue(struct entry *p);
/* Tells the engine of the policy, if that is due by now. */
void entry_feed(struct entry *p);
/* The engine forgets the policy. */
void entry_leave(struct entry *p);
/* Its status object as it was read. text: of STATUS_KEY, or NULL: there is none. */
void entry_take_record(struct entry *p, const char *version, const char *text);
/* arg: the entry. */
void entry_read_status(void *arg);

/* The place of a name in the hashes. */
size_t book_bucket(const char *name);
/* The text of STATUS_KEY, or NULL. Borrowed. */
const char *book_status_text(const cJSON *object);

/* --- book_list.c --- */
/* Lists status objects when some shard's are due. */
void book_list_soon(struct book *b);
void book_free_found(struct book *b);

#endif
