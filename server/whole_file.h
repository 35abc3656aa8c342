#pragma once

#include <string>

#include "zone/result.h"

namespace holdfast {

/// What a file holds, to its end; an empty file is no error. Errors are of kind Unreadable, name the file and
/// say the system's reason. Any thread; for files that are made by people, as there is no limit.
Result<std::string> readWholeFile(const std::string& file);

}  // namespace holdfast
