#pragma once

#include <string>
#include <vector>

#include "zone/zone.h"

namespace holdfast {

/// The content of a last-known-good generation, in a file of its own beside the plan store, for when the
/// store is lost. One thread at a time per zone.
class GoodCopies {
 public:
  /// `directory` is made at the first write.
  explicit GoodCopies(std::string directory) : directory_(std::move(directory)) {}

  struct Copy {
    std::shared_ptr<const Zone> content;
    Generation fence = 0;  ///< of the zone when it was written
  };

  /// Durable when it returns.
  Status write(const Zone& content, Generation fence);
  /// NotFound where there is none; Store where it is damaged or of another zone.
  Result<Copy> read(NameView apex, Generation generation) const;
  void remove(NameView apex, Generation generation);
  /// What remove() took away stays away of a power cut from here on.
  Status settle() const;
  /// Every copy of the zone, durably; those too that nothing else names.
  Status removeAll(NameView apex);

  struct Listed {
    Name apex;
    Generation generation = 0;
    Generation fence = 0;  ///< as the head says; read() tells whether that can be believed
    friend bool operator==(const Listed&, const Listed&) = default;
  };
  /// By the heads of the files, newest generation first within a zone. Files that are none are left out, and
  /// told in `problems`. Empty only where there are none: what cannot be read is an error.
  Result<std::vector<Listed>> list(std::vector<Error>& problems) const;

 private:
  Result<std::vector<std::string>> files() const;
  std::string fileOf(NameView apex, Generation generation) const;
  std::string directory_;
};

}  // namespace holdfast
