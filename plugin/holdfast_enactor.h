/* The Enactor plugin interface: C11 and C++, no dependency but the C library's headers.
 *
 * An Enactor takes plans from one source (a directory, a message queue, another server) and submits them for
 * one zone. It decides nothing: whether a plan is newer and whether it is sane is judged by the server at the
 * commit, however long ago the Enactor looked. Several Enactors run at once, unaware of each other.
 *
 * A plugin of kind KIND is a shared object holdfast_enactor_KIND.so that exports one function with C linkage,
 * holdfast_enactor_plugin(), returning its table. The server loads it once, makes one instance for each zone
 * and entry of the configuration, and calls:
 *
 *     create -> start -> run, until after stop was called -> destroy
 *
 * Thread rule: create, start, stop and destroy are called on one thread that the server made for this
 * instance, run on a second one; so stop and run overlap, and nothing else does. Both threads have all
 * signals blocked. The functions of the host may be called from any thread, from create until destroy
 * returns.
 *
 * Time: create, start, stop, destroy, and run once stop has returned, must return within the server's
 * limits.enactor-call (5 s unless configured; time inside submit does not count). One that does not is told
 * of as hung, and nobody waits for it: from stop on, everything it submits fails. An instance of the same
 * kind, zone and argument is made only after the hung one has returned.
 *
 * Exceptions and crashes: no exception may cross the interface; the host throws none. One that leaves create,
 * start, run, stop or destroy all the same ends that instance and nothing else. A plugin that makes threads
 * of its own (with all signals blocked) must catch on them what it throws: one that ends such a thread is
 * told of, the thread stands still for good, and a stop that waits for it hangs. What ends a process (abort,
 * exit, a fault of memory) ends the server.
 *
 * Limits: the server judges limits.enactor-concurrent submissions of an instance at once and takes
 * limits.enactor-rate of them a second; further ones wait in the plugin's thread for up to
 * limits.enactor-wait, and then fail. Log lines, health and other texts are cut, and too many log lines
 * dropped.
 *
 * Strings are UTF-8, end with a NUL, and are borrowed for the call unless a comment says more.
 *
 * Growth: structures begin with their size in octets as the side that filled them in compiled it. A member
 * may be used when it lies within that size: HOLDFAST_HAS. Members are only ever added at
 * the end; anything else makes a new HOLDFAST_ENACTOR_ABI, and the server refuses plugins of another one.
 */
#ifndef HOLDFAST_ENACTOR_H
#define HOLDFAST_ENACTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HOLDFAST_ENACTOR_ABI 1

/* Not 0 where the structure that `pointer` leads to has the member, in the eyes of the side that filled it
 * in. `type` is the structure's type, as in HOLDFAST_HAS(holdfast_host, host, stopping). */
#define HOLDFAST_HAS(type, pointer, member) \
  ((pointer)->size >= offsetof(type, member) + sizeof((pointer)->member))

/* What a document is written in: holdfast_document.format. */
enum { HOLDFAST_FORMAT_JSON = 1, HOLDFAST_FORMAT_ZONE_FILE = 2 };

/* Which optional members of a holdfast_document are given: holdfast_document.given. */
enum { HOLDFAST_GIVEN_GENERATION = 1, HOLDFAST_GIVEN_BASE = 2 };

/* What became of a submission: holdfast_outcome.kind. */
enum {
  HOLDFAST_PUBLISHED = 1, /* committed and served */
  HOLDFAST_REFUSED = 2,   /* judged, refused and recorded; the old answers stay; the same again is useless */
  HOLDFAST_FAILED = 3, /* not judged: a fault of the server (its disk is full, the zone is gone), or too many
                          submissions. Nothing is recorded; the same may be tried again later, not at once */
  HOLDFAST_SUPERSEDED = 4 /* not judged or not published, as a newer plan of the zone was published while it
                             waited: nothing to do */
};

/* What a document is: holdfast_plan_facts.kind. */
enum { HOLDFAST_PLAN_FULL = 1, HOLDFAST_PLAN_DELTA = 2 };

enum { HOLDFAST_LOG_DEBUG = 0, HOLDFAST_LOG_INFO = 1, HOLDFAST_LOG_WARNING = 2, HOLDFAST_LOG_ERROR = 3 };

/* A plan as it arrived, not parsed. Filled in by the plugin. */
typedef struct holdfast_document {
  size_t size;         /* sizeof(holdfast_document) */
  uint32_t format;     /* HOLDFAST_FORMAT_... */
  uint32_t given;      /* HOLDFAST_GIVEN_..., or-ed */
  const char* body;    /* any octets, no NUL needed; borrowed for the call */
  size_t body_size;    /* in octets */
  const char* source;  /* who made the plan, where the document does not say; NULL: unknown */
  uint64_t generation; /* must agree with the document's own */
  uint64_t base;       /* likewise */
} holdfast_document;

/* The answer to a submission. The plugin sets size, text and text_size, the host the rest. */
typedef struct holdfast_outcome {
  size_t size;         /* sizeof(holdfast_outcome) */
  uint32_t kind;       /* HOLDFAST_PUBLISHED, ... */
  uint32_t reserved;   /* 0 */
  uint64_t generation; /* published; of a refusal what the document asked for, 0 if nothing */
  uint64_t committed;  /* in force in the zone when the call returned; 0: nothing, or not known */
  char rule[32];       /* of the first reason of a refusal, such as "stale-generation"; else "" */
  char* text;          /* a buffer of the plugin for the first reason or fault as a sentence; may be NULL */
  size_t text_size;    /* its size in octets. The text is cut to fit and always ends with a NUL */
} holdfast_outcome;

/* What a document says of itself. The plugin sets size, the host the rest. */
typedef struct holdfast_plan_facts {
  size_t size;         /* sizeof(holdfast_plan_facts) */
  uint32_t kind;       /* HOLDFAST_PLAN_... */
  uint32_t reserved;   /* 0 */
  uint64_t generation; /* of a zone file its SOA serial; 0: none */
  uint64_t base;       /* the generation it is a change to; 0: none */
} holdfast_plan_facts;

/* What the server offers to one instance. Valid from create until destroy returns. */
typedef struct holdfast_host {
  size_t size;  /* sizeof(holdfast_host) */
  uint32_t abi; /* HOLDFAST_ENACTOR_ABI */
  uint32_t reserved;
  void* context; /* the server's own */

  /* Submits a plan and waits for the verdict. Takes as long as judging does: seconds for a very large plan.
   * Once stop has been called every submission fails. */
  void (*submit)(const struct holdfast_host* host, const holdfast_document* document,
                 holdfast_outcome* outcome);

  /* Says that a source which should have held a plan could not be read: missing, truncated, failing. It is a
   * refusal with rule `unreadable` in log, metrics and history. Never call it for a source that is merely
   * quiet, never submit an empty document instead, and report one state of a source once. */
  void (*unreadable)(const struct holdfast_host* host, const char* where, const char* what);

  /* The generation a document carries (of a zone file its SOA serial) into *generation, 0 when it carries
   * none; returns 0. When the document is no plan, returns -1 and the cause in `error` (cut to error_size
   * octets, NUL included). For choosing among several; the commit compares again. */
  int (*generation_of)(const struct holdfast_host* host, uint32_t format, const char* body, size_t body_size,
                       uint64_t* generation, char* error, size_t error_size);

  /* The generation that is committed in the zone now, 0 for none. It only grows, so a plan that is not above
   * it is old for good; one above it may be old by the time it is submitted. */
  uint64_t (*committed)(const struct holdfast_host* host);

  /* Writes to the server's log, under the zone and the instance. HOLDFAST_LOG_... */
  void (*log)(const struct holdfast_host* host, uint32_t level, const char* text);

  /* Says how the instance is doing, for `status` and metrics: healthy is not 0 while it can see its source.
   * `text` is one line: control characters in it are escaped, as in all texts for the log and the history.
   * Unhealthy until first called. */
  void (*health)(const struct holdfast_host* host, int healthy, const char* text);

  /* As generation_of, with what else tells in which order several documents can apply. */
  int (*facts_of)(const struct holdfast_host* host, uint32_t format, const char* body, size_t body_size,
                  holdfast_plan_facts* facts, char* error, size_t error_size);

  /* Not 0 once the instance is to end: stop has been called, or is about to be. A server that has this member
   * calls run. */
  int (*stopping)(const struct holdfast_host* host);
} holdfast_host;

/* One `key: value` of the configuration beside the argument. */
typedef struct holdfast_option {
  const char* key;
  const char* value;
} holdfast_option;

/* One instance; what is in it is the plugin's business. */
typedef struct holdfast_enactor holdfast_enactor;

/* What a plugin is. `size` and `abi` stay where they are in every ABI. */
typedef struct holdfast_enactor_table {
  size_t size;  /* sizeof(holdfast_enactor_table) */
  uint32_t abi; /* HOLDFAST_ENACTOR_ABI */
  uint32_t reserved;
  const char* kind; /* must be the KIND of the file's name; static */

  /* Makes an instance for `zone` (absolute, with its final dot). `argument` is the value of the kind's key in
   * the configuration. Checks argument and options, unknown options included; does not touch the source yet.
   * On failure returns NULL and the cause in `error`. */
  holdfast_enactor* (*create)(const holdfast_host* host, const char* zone, const char* argument,
                              const holdfast_option* options, size_t option_count, char* error,
                              size_t error_size);

  /* Begins to work. A source that is not there (yet) is no failure: report it, and go on trying. Returns 0,
   * or -1 and the cause in `error`; then destroy follows without stop. */
  int (*start)(holdfast_enactor* enactor, char* error, size_t error_size);

  /* Makes run return, and ends the instance's own threads; it returns when those have ended. Both soon:
   * within 100 ms, a submission under way apart. */
  void (*stop)(holdfast_enactor* enactor);

  /* Frees the instance. REQUIRES: stopped, or never started; run has returned. */
  void (*destroy)(holdfast_enactor* enactor);

  /* The instance's work, on a thread of the server's: called once start has succeeded, and returns after stop
   * was called (before, the Enactor is told of as stopped, and stop and destroy follow). NULL, or outside
   * `size`: the instance works on threads of its own. */
  void (*run)(holdfast_enactor* enactor);
} holdfast_enactor_table;

/* What the shared object exports, under exactly this name. The table is static. */
typedef const holdfast_enactor_table* (*holdfast_enactor_plugin_function)(void);
#define HOLDFAST_ENACTOR_SYMBOL "holdfast_enactor_plugin"

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HOLDFAST_ENACTOR_H */
