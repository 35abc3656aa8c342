#pragma once

#include <cstddef>
#include <string>

struct evbuffer;

namespace holdfast {

/// evhttp answers some requests itself (a body over the limit, a line that is not HTTP) with a page of HTML
/// and offers no way to say it otherwise. These two find such a page in a connection's output as it is
/// queued and replace it with a JSON document. They go by the exact form that libevent 2.1 writes, where the
/// first header is "Content-Type: text/html"; Holdfast itself never sends that type.

/// The status of the complete error page that `output` holds, or 0.
int evhttpErrorPage(evbuffer* output);
/// The page with {"error": ...}, head and all; the connection closes after it. `limit` and `key` are those of
/// the body size.
std::string errorPage(int status, std::size_t limit, const std::string& key);
/// Puts that in its place.
void replaceErrorPage(evbuffer* output, int status, std::size_t limit, const std::string& key);

}  // namespace holdfast
