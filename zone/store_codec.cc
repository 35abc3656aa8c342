#include "zone/store_codec.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace holdfast {

namespace {

constexpr std::string_view kMagic = "HFC1";

template <class T>
void put(std::string& out, T value) {
  for (unsigned shift = 8 * sizeof(T); shift > 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (shift - 8) & 0xff);
}

template <class Length>
void putBytes(std::string& out, std::string_view bytes) {
  put(out, static_cast<Length>(bytes.size()));
  out += bytes;
}

/// Bounds-checked reading. After the first read past the end everything reads as zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const noexcept { return ok_; }
  bool atEnd() const noexcept { return rest_.empty(); }

  std::string_view bytes(std::size_t size) noexcept {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <class T>
  T number() noexcept {
    std::uint64_t value = 0;
    for (const char c : bytes(sizeof(T))) value = value << 8 | static_cast<std::uint8_t>(c);
    return static_cast<T>(value);
  }
  template <class Length>
  std::string_view counted() noexcept {
    return bytes(number<Length>());
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool sameData(NodeView a, NodeView b) noexcept {
  const std::size_t countA = a ? a.rrsetCount() : 0;
  const std::size_t countB = b ? b.rrsetCount() : 0;
  if (countA != countB) return false;
  if (countA == 0) return true;
  auto other = b.begin();
  for (const RRsetView rrset : a) {
    if (!std::ranges::equal(rrset.bytes(), (*other).bytes())) return false;
    ++other;
  }
  return true;
}

void putRRset(std::string& out, const RRset& rrset) {
  put(out, static_cast<std::uint16_t>(rrset.type));
  put(out, rrset.ttl);
  put(out, rrset.pick);
  put(out, static_cast<std::uint8_t>(rrset.isEndpoint() ? 1 : 0));
  put(out, static_cast<std::uint16_t>(rrset.rdata.size()));
  for (const std::string& rdata : rrset.rdata) putBytes<std::uint16_t>(out, rdata);
  for (const Target& target : rrset.targets) {
    put(out, target.weight);
    putBytes<std::uint8_t>(out, target.id);
  }
}

RRset takeRRset(Reader& reader) {
  RRset rrset;
  rrset.type = static_cast<RRType>(reader.number<std::uint16_t>());
  rrset.ttl = reader.number<std::uint32_t>();
  rrset.pick = reader.number<std::uint16_t>();
  const bool hasTargets = reader.number<std::uint8_t>() != 0;
  const auto count = reader.number<std::uint16_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    rrset.rdata.emplace_back(reader.counted<std::uint16_t>());
  for (unsigned i = 0; hasTargets && i < count && reader.ok(); ++i) {
    Target target;
    target.weight = reader.number<std::uint32_t>();
    target.id = reader.counted<std::uint8_t>();
    rrset.targets.push_back(std::move(target));
  }
  return rrset;
}

}  // namespace

std::string encodeChange(const Zone& before, const Zone& after) {
  std::string out(kMagic);
  NameTable::differences(before.names(), after.names(), [&](NodeView old, NodeView now) {
    if (sameData(old, now)) return true;  // only its number of children differs
    const NameView name = (old ? old : now).name();
    putBytes<std::uint8_t>(out, {reinterpret_cast<const char*>(name.data()), name.size()});
    const std::vector<RRset> rrsets = ownedRRsets(now);
    put(out, static_cast<std::uint16_t>(rrsets.size()));
    for (const RRset& rrset : rrsets) putRRset(out, rrset);
    return true;
  });
  return out;
}

Status applyChange(std::string_view stored, ZoneEdit& edit) {
  const auto corrupt = [](const char* what) { return Error{ErrorKind::Store, "", what}; };
  Reader reader(stored);
  if (reader.bytes(kMagic.size()) != kMagic) return corrupt("the stored change has an unknown format");
  while (!reader.atEnd() && reader.ok()) {
    const std::string_view wire = reader.counted<std::uint8_t>();
    const Result<Name> name =
        Name::fromWire({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
    if (!name || !name->view().isAtOrBelow(edit.apex())) return corrupt("the stored change has a bad name");
    std::vector<RRset> rrsets;
    const auto count = reader.number<std::uint16_t>();
    for (unsigned i = 0; i < count && reader.ok(); ++i) rrsets.push_back(takeRRset(reader));
    for (const RRset& rrset : rrsets)
      for (const std::string& rdata : rrset.rdata)
        if (!isWholeRdata(rrset.type, rdata)) return corrupt("the stored change has bad RDATA");
    if (reader.ok()) edit.setRRsets(*name, rrsets);
  }
  if (!reader.ok()) return corrupt("the stored change is cut off");
  return Done{};
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string toHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<std::uint8_t>(c) >> 4];
    text += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return text;
}

}  // namespace holdfast
