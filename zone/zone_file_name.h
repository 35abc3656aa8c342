#pragma once

#include <string>

#include "zone/name.h"

namespace holdfast {

/// The zone as part of a file name: what could mean something to a file system or a shell is left out, and
/// where that loses something a digest tells the zones apart.
std::string zoneInFileName(NameView apex);

}  // namespace holdfast
