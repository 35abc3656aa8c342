#include "tests/differential/signer.h"

#include <filesystem>

#include "tests/differential/process.h"

namespace holdfast::differential {

namespace {

/// The key's base name, in `directory`.
Result<std::string> keyFor(const Name& apex, const std::string& directory, const std::string& stem) {
  const std::string note = directory + "/" + stem + ".key-name";
  if (!std::filesystem::exists(note)) {
    const std::string command =
        "ldns-keygen -a ED25519 -k -r /dev/urandom '" + apex.text() + "' > '" + note + "'";
    if (const Status made = run({"sh", "-c", command}, directory); !made) {
      std::filesystem::remove(note);
      return made.error();
    }
  }
  std::string name = readFile(note);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

Status sign(const ZoneFile& zone, Signing signing, const std::string& directory, const std::string& stem) {
  const auto key = keyFor(zone.apex, directory, stem);
  if (!key) return key.error();
  const std::string signedPath = zone.path + ".signed";
  // Fixed times, far apart: a zone signed again is the same but for the randomness of signatures.
  std::vector<std::string> command{"ldns-signzone",  "-i", "20260101000000", "-e", "20351231000000", "-o",
                                   zone.apex.text(), "-f", signedPath};
  if (signing != Signing::Nsec) {
    command.insert(command.end(), {"-n", "-a", "1", "-t", "2", "-s", "5e7f"});
    if (signing == Signing::OptOut) command.emplace_back("-p");
  }
  command.push_back(zone.path);
  command.push_back(*key);
  if (Status done = run(command, directory); !done) return done;
  std::filesystem::rename(signedPath, zone.path);
  return Done{};
}

}  // namespace

Result<std::vector<ZoneFile>> writeZones(const ZoneSet& set, const std::string& directory) {
  std::vector<ZoneFile> files;
  for (const ZoneSource& zone : set.zones) {
    const std::string stem = "zone-" + std::to_string(files.size());
    ZoneFile file{zone.apex, directory + "/" + stem + ".zone"};
    if (Status written = writeFile(file.path, zone.text()); !written) return written.error();
    if (set.signing != Signing::None)
      if (Status done = sign(file, set.signing, directory, zone.apex.lower().text()); !done)
        return Error{done.error().kind, zone.apex.text(), "cannot be signed: " + done.error().text()};
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace holdfast::differential
