/* An Enactor that takes plans on a Unix socket, one for each connection:
 *
 *     enactors: [{socket: /run/holdfast/plans.sock, max-size: 1048576}]
 *     socat -t 60 - UNIX-CONNECT:/run/holdfast/plans.sock < plan.json
 *
 * The writer closes its side, and reads one line: "published 7", "refused by floor: ...", "superseded by 9" or
 * "failed: ...". */
#define _GNU_SOURCE
#include <errno.h>
#include <holdfast_enactor.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_MAX_SIZE (64u << 20)
/* For a whole plan to arrive: a writer that stands still must not keep others out. */
#define PATIENCE_MS 5000

struct holdfast_enactor {
  const holdfast_host* host;
  char path[sizeof(((struct sockaddr_un*)NULL)->sun_path)];
  size_t max_size;
  int listener;
  int bell; /* readable once stop was called */
};

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void destroy(holdfast_enactor* enactor) {
  if (enactor->listener >= 0) {
    close(enactor->listener);
    unlink(enactor->path);
  }
  if (enactor->bell >= 0) close(enactor->bell);
  free(enactor);
}

/* Sets one option. Returns 0, or -1 and the cause in `error`. */
static int set_option(holdfast_enactor* enactor, const holdfast_option* option, char* error,
                      size_t error_size) {
  if (strcmp(option->key, "max-size") != 0) {
    snprintf(error, error_size, "unknown option \"%s\": the socket Enactor knows max-size", option->key);
    return -1;
  }
  char* end = NULL;
  errno = 0;
  const unsigned long long size = strtoull(option->value, &end, 10);
  if (errno != 0 || *end != '\0' || size == 0 || size > (1ull << 40)) {
    snprintf(error, error_size, "max-size: \"%s\" is no number of octets", option->value);
    return -1;
  }
  enactor->max_size = (size_t)size;
  return 0;
}

static holdfast_enactor* create(const holdfast_host* host, const char* zone, const char* argument,
                                const holdfast_option* options, size_t option_count, char* error,
                                size_t error_size) {
  (void)zone;
  if (!HOLDFAST_HAS(holdfast_host, host, stopping)) {
    snprintf(error, error_size, "this server is too old: it does not call run");
    return NULL;
  }
  holdfast_enactor* enactor = calloc(1, sizeof *enactor);
  if (enactor == NULL) {
    snprintf(error, error_size, "no memory");
    return NULL;
  }
  enactor->host = host;
  enactor->max_size = DEFAULT_MAX_SIZE;
  enactor->listener = enactor->bell = -1;
  if (argument[0] != '/' || strlen(argument) >= sizeof enactor->path) {
    snprintf(error, error_size, "\"%s\" is no absolute path of up to %zu octets", argument,
             sizeof enactor->path - 1);
    destroy(enactor);
    return NULL;
  }
  strcpy(enactor->path, argument);
  for (size_t i = 0; i < option_count; ++i)
    if (set_option(enactor, &options[i], error, error_size) != 0) {
      destroy(enactor);
      return NULL;
    }
  return enactor;
}

static int start(holdfast_enactor* enactor, char* error, size_t error_size) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, enactor->path);
  enactor->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlink(enactor->path); /* what an instance before this one left */
  if (enactor->bell < 0 || listener < 0 || bind(listener, (struct sockaddr*)&address, sizeof address) != 0) {
    snprintf(error, error_size, "%s: %s", enactor->path, strerror(errno));
    if (listener >= 0) close(listener);
    return -1;
  }
  enactor->listener = listener;
  if (listen(listener, 16) != 0) {
    snprintf(error, error_size, "%s: %s", enactor->path, strerror(errno));
    return -1;
  }
  return 0;
}

/* Waits until `fd` can be read: 1; until `deadline` or stop: 0. */
static int wait_for(const holdfast_enactor* enactor, int fd, long deadline) {
  struct pollfd waited[2] = {{.fd = fd, .events = POLLIN}, {.fd = enactor->bell, .events = POLLIN}};
  for (;;) {
    const long left = deadline < 0 ? -1 : deadline - now_ms();
    if (deadline >= 0 && left <= 0) return 0;
    const int ready = poll(waited, 2, (int)left);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || waited[1].revents != 0) return 0;
    if (waited[0].revents != 0) return 1;
  }
}

/* Reads to the end. Returns the plan, to be freed, and its size; or NULL and why. */
static char* read_plan(const holdfast_enactor* enactor, int connection, size_t* size, const char** problem) {
  const long deadline = now_ms() + PATIENCE_MS;
  size_t room = 65536;
  char* body = malloc(room);
  *size = 0;
  *problem = "no memory";
  while (body != NULL) {
    *problem = "the writer does not come to an end";
    if (!wait_for(enactor, connection, deadline)) break;
    const ssize_t got = read(connection, body + *size, room - *size);
    *problem = "the connection broke";
    if (got < 0) break;
    if (got == 0) return body;
    *size += (size_t)got;
    *problem = "the plan is over max-size";
    if (*size > enactor->max_size) break;
    if (*size < room) continue;
    room *= 2;
    char* larger = realloc(body, room);
    *problem = "no memory";
    if (larger == NULL) break;
    body = larger;
  }
  free(body);
  return NULL;
}

static void describe(const holdfast_outcome* outcome, char* line, size_t size) {
  switch (outcome->kind) {
    case HOLDFAST_PUBLISHED:
      snprintf(line, size, "published %llu\n", (unsigned long long)outcome->generation);
      break;
    case HOLDFAST_REFUSED:
      snprintf(line, size, "refused by %s: %s\n", outcome->rule, outcome->text);
      break;
    case HOLDFAST_SUPERSEDED:
      snprintf(line, size, "superseded by %llu\n", (unsigned long long)outcome->committed);
      break;
    default:
      snprintf(line, size, "failed: %s\n", outcome->text);
      break;
  }
}

static void take_plan(const holdfast_enactor* enactor, int connection) {
  const holdfast_host* host = enactor->host;
  size_t size = 0;
  const char* problem = NULL;
  char line[700];
  char* body = read_plan(enactor, connection, &size, &problem);
  if (body == NULL) {
    host->unreadable(host, enactor->path, problem);
    snprintf(line, sizeof line, "failed: %s\n", problem);
  } else if (size == 0) {
    snprintf(line, sizeof line, "failed: no plan came\n"); /* somebody knocked: nothing is submitted */
  } else {
    char text[512] = "";
    const holdfast_document document = {.size = sizeof document,
                                        .format = HOLDFAST_FORMAT_JSON,
                                        .body = body,
                                        .body_size = size,
                                        .source = "socket"};
    holdfast_outcome outcome = {.size = sizeof outcome, .text = text, .text_size = sizeof text};
    host->submit(host, &document, &outcome);
    describe(&outcome, line, sizeof line);
  }
  free(body);
  host->health(host, 1, line);
  (void)!send(connection, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT); /* who asks may be gone */
}

static void run(holdfast_enactor* enactor) {
  enactor->host->health(enactor->host, 1, "listening");
  while (!enactor->host->stopping(enactor->host)) {
    if (!wait_for(enactor, enactor->listener, -1)) continue;
    const int connection = accept4(enactor->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) continue;
    take_plan(enactor, connection);
    close(connection);
  }
}

static void stop(holdfast_enactor* enactor) {
  const uint64_t one = 1;
  (void)!write(enactor->bell, &one, sizeof one);
}

static const holdfast_enactor_table table = {.size = sizeof table,
                                             .abi = HOLDFAST_ENACTOR_ABI,
                                             .kind = "socket",
                                             .create = create,
                                             .start = start,
                                             .stop = stop,
                                             .destroy = destroy,
                                             .run = run};

__attribute__((visibility("default"))) const holdfast_enactor_table* holdfast_enactor_plugin(void) {
  return &table;
}
