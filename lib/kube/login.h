/* Logging in by a credential plugin: runs it when there is no credential, shortly before
 * one expires, and after the server refused one. */
#ifndef FORETOP_KUBE_LOGIN_H
#define FORETOP_KUBE_LOGIN_H

#include "io/io.h"
#include "kube/config.h"

struct login;

/* LOGIN_FAILED: the plugin does not answer; it is tried again in a while. */
enum login_state { LOGIN_READY, LOGIN_WAITING, LOGIN_FAILED };

/* config: of a user with an exec plugin, borrowed. on_change is called from the loop when
 * a run has ended: with a new credential (borrowed), or with NULL when it failed. Nothing
 * runs before login_check. */
struct login *login_new(struct reactor *r, const struct kube_config *config,
			void (*on_change)(void *arg, const struct exec_credential *c),
			void *arg);
/* Ends a run without calling back. Accepts NULL. */
void login_free(struct login *l);

/* Whether requests may go out now; starts the plugin when that is due. err may be NULL;
 * it is set when it failed. */
enum login_state login_check(struct login *l, struct err *err);
/* Which credential is in force, for login_refused: another number after each new one. */
uint64_t login_generation(const struct login *l);
/* The server did not accept that credential (401): it is replaced, if it still is the one
 * in force, and later and later while each new one is refused too. */
void login_refused(struct login *l, uint64_t generation);

#endif
