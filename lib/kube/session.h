/* What the other parts of this folder share of a client. */
#ifndef FORETOP_KUBE_SESSION_H
#define FORETOP_KUBE_SESSION_H

#include "http/http.h"
#include "kube/client.h"
#include "kube/login.h"
#include "kube/ws.h"

/* In the query of each write: who wrote a field, for managedFields. */
#define FIELD_MANAGER "fieldManager=" KUBE_FIELD_MANAGER

struct reactor *session_reactor(struct kube *k);
/* For streams; their credentials are those of the requests. */
struct http_client *session_http(struct kube *k);
struct ws_endpoint *session_ws(struct kube *k);
/* Whether there is a credential to go out with, as login_check; LOGIN_READY without a
 * plugin. */
enum login_state session_login(struct kube *k, struct err *err);
/* Which credential goes out now; 0 without a plugin. */
uint64_t session_credential(const struct kube *k);
/* The server refused that credential (401): files are read again, a plugin is run again.
 */
void session_unauthorized(struct kube *k, uint64_t credential);
/* A fresh seed for jitter, different for each caller. */
uint64_t session_seed(struct kube *k);

/* Like kube_send, with an argument from the heap that belongs to the call: it is freed
 * when `done` has returned, or when the call is cancelled. */
struct kube_call *session_send(struct kube *k, const struct kube_request *request,
			       kube_done done, void *owned);

/* Whether this server can send the first state through a watch (KEP-3157). Learned from
 * its refusals, forgotten after an hour: servers are upgraded. */
bool session_watch_list(const struct kube *k);
void session_no_watch_list(struct kube *k);

#endif
