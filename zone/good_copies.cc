#include "zone/good_copies.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "zone/content_builder.h"
#include "zone/digest.h"
#include "zone/octets.h"
#include "zone/state_directory.h"
#include "zone/store_codec.h"
#include "zone/zone_file_name.h"

namespace holdfast {

namespace {

// "HFG1", generation, fence, serial and time of the commit, the apex, the content as a change from nothing,
// and SHA-256 over all of it.
constexpr std::string_view kMagic = "HFG1";
constexpr std::size_t kDigest = 32;
/// Enough for the head of a file up to its apex.
constexpr std::size_t kHead = 4 + 8 + 8 + 4 + 8 + 1 + 255;
/// Of a file that was never finished.
constexpr std::string_view kUnfinished = ".new";

struct Head {
  Generation generation = 0, fence = 0;
  std::uint32_t serial = 0;
  WallTime at{};
  std::optional<Name> apex;
};

Head takeHead(OctetReader& reader) {
  Head head;
  if (reader.octets(kMagic.size()) != kMagic) return head;
  head.generation = reader.number<std::uint64_t>();
  head.fence = reader.number<std::uint64_t>();
  head.serial = reader.number<std::uint32_t>();
  head.at = WallTime(std::chrono::microseconds(reader.number<std::int64_t>()));
  const std::string_view wire = reader.counted<std::uint8_t>();
  Result<Name> apex = Name::fromWire({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
  if (reader.ok() && apex) head.apex = *std::move(apex);
  return head;
}

}  // namespace

std::string GoodCopies::fileOf(NameView apex, Generation generation) const {
  return directory_ + "/" + zoneInFileName(apex) + "." + std::to_string(generation);
}

Status GoodCopies::write(const Zone& content, Generation fence) {
  std::error_code problem;
  if (std::filesystem::create_directory(directory_, problem))
    if (Status synced = syncDirectory(std::filesystem::path(directory_).parent_path().string()); !synced)
      return synced;
  if (problem) return Error{ErrorKind::System, directory_, "cannot be made: " + problem.message()};
  std::string bytes(kMagic);
  const NameView apex = content.apex();
  OctetWriter out(bytes);
  out.number(content.generation()).number(fence).number(content.serial());
  out.number(static_cast<std::int64_t>(content.committedAt().time_since_epoch().count()));
  out.counted<std::uint8_t>({reinterpret_cast<const char*>(apex.data()), apex.size()});
  out.octets(encodeChange(Zone{Name(apex)}, content));
  out.octets(sha256(bytes));
  return writeDurably(fileOf(apex, content.generation()), bytes);
}

Result<GoodCopies::Copy> GoodCopies::read(NameView apex, Generation generation) const {
  const std::string file = fileOf(apex, generation);
  const Result<std::string> bytes = readFile(file);
  if (!bytes) return bytes.error();
  const auto damaged = [&](const std::string& how) { return Error{ErrorKind::Store, file, how}; };
  if (bytes->size() < kDigest) return damaged("is cut off");
  const std::string_view body(bytes->data(), bytes->size() - kDigest);
  if (sha256(body) != std::string_view(*bytes).substr(body.size()))
    return damaged("is damaged: its SHA-256 does not match");
  OctetReader reader(body);
  const Head head = takeHead(reader);
  if (!head.apex || head.apex->view() != apex || head.generation != generation)
    return damaged("is not the copy that its name says");
  ContentBuilder content(std::make_shared<const Zone>(Name(apex)));
  const std::string_view change = body.substr(body.size() - reader.left());
  if (Status applied = content.apply(change); !applied) return damaged(applied.error().what);
  return Copy{content.finish(generation, head.serial, head.at), head.fence};
}

void GoodCopies::remove(NameView apex, Generation generation) {
  ::unlink(fileOf(apex, generation).c_str());
}

Status GoodCopies::settle() const {
  return syncDirectory(directory_);
}

/// All names in the directory; none where it is not there.
Result<std::vector<std::string>> GoodCopies::files() const {
  std::vector<std::string> names;
  std::error_code problem;
  std::filesystem::directory_iterator entry(directory_, problem);
  if (problem == std::errc::no_such_file_or_directory) return names;
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem))
    names.push_back(entry->path().filename().string());
  if (problem) return Error{ErrorKind::System, directory_, "cannot be read: " + problem.message()};
  return names;
}

Status GoodCopies::removeAll(NameView apex) {
  const Result<std::vector<std::string>> names = files();
  if (!names) return names.error();
  const std::string prefix = zoneInFileName(apex) + ".";
  bool isAny = false;
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    const std::string_view number = rest.ends_with(kUnfinished) ? rest.substr(0, rest.find('.')) : rest;
    if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) continue;
    const std::string file = directory_ + "/" + name;
    if (::unlink(file.c_str()) != 0 && errno != ENOENT)
      return Error{ErrorKind::System, file, std::string("cannot be removed: ") + std::strerror(errno)};
    isAny = true;
  }
  return isAny ? syncDirectory(directory_) : Status(Done{});
}

Result<std::vector<GoodCopies::Listed>> GoodCopies::list(std::vector<Error>& problems) const {
  const Result<std::vector<std::string>> names = files();
  if (!names) return names.error();
  std::vector<Listed> all;
  for (const std::string& name : *names) {
    if (name.ends_with(kUnfinished)) continue;
    const std::string file = directory_ + "/" + name;
    std::ifstream in(file, std::ios::binary);
    std::string bytes(kHead, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!in.is_open() || in.bad()) return Error{ErrorKind::System, file, "cannot be read"};
    OctetReader reader(std::string_view(bytes).substr(0, static_cast<std::size_t>(in.gcount())));
    const Head head = takeHead(reader);
    if (head.apex)
      all.push_back({*head.apex, head.generation, head.fence});
    else
      problems.push_back({ErrorKind::Store, file, "is no last-known-good copy"});
  }
  std::sort(all.begin(), all.end(), [](const Listed& a, const Listed& b) {
    return a.apex == b.apex ? a.generation > b.generation : a.apex < b.apex;
  });
  return all;
}

}  // namespace holdfast
