#pragma once

namespace holdfast {

/// Names the calling thread, by at most 15 octets, and makes it give way to those that answer queries, which
/// have the main thread's priority. So do the threads that it starts from then on.
void enterBackground(const char* name) noexcept;

}  // namespace holdfast
