#pragma once

namespace holdfast::zonectl {

/// What the program tells its caller (docs/zonectl.md).
enum class Exit : int {
  Done = 0,        ///< done, or accepted by a dry run
  Other = 1,       ///< anything that is none of the others, such as an unreadable file
  Usage = 2,       ///< the command line is wrong
  Refused = 3,     ///< the plan was refused, or `check` has findings
  Unreachable = 4  ///< no server answers at the control socket
};

}  // namespace holdfast::zonectl
