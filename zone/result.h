#pragma once

#include <string>
#include <utility>
#include <variant>

namespace holdfast {

/// Why an operation on input failed. Programs act on the kind, people read the text.
enum class ErrorKind {
  Malformed,   ///< the document is not a plan, zone file, name or configuration at all
  Invalid,     ///< well-formed, but breaks a rule (out of zone, over a limit)
  Unreadable,  ///< the source is missing, truncated or failing: never the same as empty (I4)
  TooLarge,    ///< over a configured size limit
  NotFound,    ///< no such zone or generation
  Conflict,    ///< the state does not allow it (the zone exists already, it is frozen)
  Store,       ///< the plan store could not read or write
  System       ///< a call to the operating system failed
};

/// One problem, told once: where it is (file:line, JSON pointer or name) and what rule it breaks.
struct Error {
  ErrorKind kind = ErrorKind::Malformed;
  std::string where;
  std::string what;

  std::string text() const { return where.empty() ? what : where + ": " + what; }
};

inline Error malformed(std::string what) {
  return {ErrorKind::Malformed, "", std::move(what)};
}

/// A value or an Error. The only error channel on paths that handle input; exceptions are for set-up.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  /// REQUIRES: *this holds a value.
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  /// REQUIRES: *this holds an error.
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

struct Done {};

/// Success without a value.
using Status = Result<Done>;

}  // namespace holdfast
