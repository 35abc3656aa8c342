#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "zone/node_changes.h"
#include "zone/zone.h"

namespace holdfast {

/// The stored form of a change of content: for each owner whose data differs, its RRsets after the change;
/// none for an owner that is gone. The owners come first, so that they can be read alone; the RRsets are
/// compressed against those that the same owners had before. All numbers big-endian, so that a store moves
/// between machines. Versioned by its first four octets; independent of the compiled layout of nodes. A large
/// change is compressed by several threads, in parts. Empty where `stop` was asked for meanwhile.
/// `changes` are those from `before` to `after`.
std::string encodeChange(const Zone& before, const Zone& after, const NodeChanges& changes,
                         const std::stop_token& stop = {});
std::string encodeChange(const Zone& before, const Zone& after);

/// Applies a stored change. REQUIRES for a change that is to succeed: the edit holds what `before` was. Any
/// bytes are safe input; an Error of kind Store says what is wrong with them, and the edit is then to be
/// dropped. Reads the forms "HFC1", of schema 1, and "HFC2" too.
Status applyChange(std::string_view stored, ZoneEdit& edit);

/// Whether a change is so large, and so large a part of the content, that changedAtOnce() does it sooner.
bool isWorthDoingAtOnce(std::string_view stored, const Zone& base) noexcept;
/// The content that applyChange() and finish() lead to, at generation 0: made in one go and by several
/// threads, in work of the order of the whole content. Not of the form "HFC1". REQUIRES and errors as there.
Result<std::shared_ptr<const Zone>> changedAtOnce(std::string_view stored, const Zone& base);

/// The owners that a stored change is about, without decoding what they got.
Result<std::vector<Name>> ownersIn(std::string_view stored, NameView apex);

}  // namespace holdfast
