#pragma once

#include <string>
#include <string_view>

namespace holdfast {

/// A plugin's text as it may go to the log, the status and metrics: control characters (C0, DEL and, in
/// UTF-8, C1) are written as \n, \t, \r or \xNN, so that it is one line and drives no terminal. The rest
/// stays as it is, backslashes too.
std::string oneLine(std::string_view text);

}  // namespace holdfast
