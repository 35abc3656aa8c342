#include "server/message_writer.h"

#include <algorithm>

#include "server/edns.h"

namespace holdfast {

namespace {

/// The labels of a name and the hash of each suffix, made from the root down as compression needs both.
struct Suffixes {
  unsigned labels = 0;
  std::array<std::uint8_t, kMaxLabels> offsets;
  std::array<std::uint32_t, kMaxLabels> hashes;  // [i]: of the suffix without the i leftmost labels

  explicit Suffixes(std::span<const std::uint8_t> name) noexcept {
    for (std::size_t at = 0; name[at] != 0; at += name[at] + 1u)
      offsets[labels++] = static_cast<std::uint8_t>(at);
    std::uint32_t hash = 2166136261u;  // FNV-1a
    for (unsigned i = labels; i-- > 0;) {
      const std::uint8_t* label = name.data() + offsets[i];
      for (unsigned j = 0; j <= label[0]; ++j) hash = (hash ^ lowerOctet(label[j])) * 16777619u;
      hashes[i] = hash;
    }
  }
};

/// Where names stand in the RDATA of the types that are compressed: octets before the first, and how many.
struct RdataNames {
  std::size_t before = 0;
  unsigned names = 0;
};

RdataNames compressible(RRType type) noexcept {
  switch (type) {
    case RRType::NS:
    case RRType::CNAME:
    case RRType::PTR:
    case RRType::MB:
    case RRType::MG:
    case RRType::MR:
      return {0, 1};
    case RRType::SOA:
    case RRType::MINFO:
      return {0, 2};
    case RRType::MX:
      return {2, 1};
    default:
      return {};
  }
}

}  // namespace

MessageWriter::MessageWriter(std::span<std::uint8_t> out, std::size_t limit, const Query& query,
                             std::size_t optionOctets) noexcept
    : out_(out),
      limit_(limit - (query.edns.present ? kOptOctets + optionOctets : 0)),
      kept_(limit - limit_),
      size_(kHeaderOctets),
      query_(query),
      // CD and AD are cleared (RFC 4035 section 3.1.6; Knot and NSD clear CD, BIND copies it), RA is never
      // offered, Z is reserved.
      flags_(static_cast<std::uint16_t>(flag::kResponse |
                                        (query.flags & (flag::kOpcode | flag::kRecursionDesired)))) {
  if (query.received.empty()) return;
  putBytes(query.received);
  put16(static_cast<std::uint16_t>(query.type));
  put16(query.qclass);
}

void MessageWriter::put16(std::size_t value) noexcept {
  out_[size_++] = static_cast<std::uint8_t>(value >> 8);
  out_[size_++] = static_cast<std::uint8_t>(value);
}

void MessageWriter::put32(std::uint32_t value) noexcept {
  put16(value >> 16);
  put16(value & 0xffff);
}

bool MessageWriter::putBytes(std::span<const std::uint8_t> bytes) noexcept {
  if (!room(bytes.size())) return false;
  std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += bytes.size();
  return true;
}

/// Of what stands behind the two octets at `at`.
void MessageWriter::putLength(std::size_t at) noexcept {
  const std::size_t length = size_ - at - 2;
  out_[at] = static_cast<std::uint8_t>(length >> 8);
  out_[at + 1] = static_cast<std::uint8_t>(length);
}

bool MessageWriter::putPointer(std::size_t target) noexcept {
  if (!room(2)) return false;
  put16(0xc000u | target);
  return true;
}

bool MessageWriter::add(Section section, Owner& owner, RRType type, std::uint32_t ttl,
                        std::span<const std::uint8_t> rdata) noexcept {
  if (!putOwner(owner) || !room(10)) return false;
  put16(static_cast<std::uint16_t>(type));
  put16(query_.qclass == kClassChaos ? kClassChaos : kClassIn);
  put32(ttl);
  const std::size_t lengthAt = size_;
  size_ += 2;
  if (!putRdata(type, rdata)) return false;
  putLength(lengthAt);
  ++counts_[static_cast<std::size_t>(section)];
  return true;
}

bool MessageWriter::putOwner(Owner& owner) noexcept {
  if (owner.at != 0) return putPointer(owner.at);
  const std::size_t at = size_;
  if (!putName(owner.name)) return false;
  // Where the whole name became a pointer, later records point to where that one points.
  if ((out_[at] & 0xc0) == 0xc0)
    owner.at = static_cast<std::uint16_t>((out_[at] & 0x3f) << 8 | out_[at + 1]);
  else if (at < 0x4000 && out_[at] != 0)
    owner.at = static_cast<std::uint16_t>(at);
  return true;
}

bool MessageWriter::putName(std::span<const std::uint8_t> name) noexcept {
  rememberQuestion();
  const Suffixes suffixes(name);
  const std::size_t start = size_;
  for (unsigned i = 0; i < suffixes.labels; ++i) {
    const auto suffix = name.subspan(suffixes.offsets[i]);
    if (const std::size_t target = find(suffixes.hashes[i], suffix); target != 0) return putPointer(target);
    if (!putBytes(suffix.first(suffix[0] + 1u))) return false;
    remember(suffixes.hashes[i], start + suffixes.offsets[i], suffix.size());
  }
  return putBytes(name.last(1));
}

/// A DNAME's target is not compressed (RFC 6672 section 2.5), but the CNAME made of it may point into it.
bool MessageWriter::putDname(std::span<const std::uint8_t> target) noexcept {
  rememberQuestion();
  const std::size_t start = size_;
  if (!putBytes(target)) return false;
  if (nameOctets(target) != target.size()) return true;
  const Suffixes suffixes(target);
  for (unsigned i = 0; i < suffixes.labels; ++i) {
    const auto suffix = target.subspan(suffixes.offsets[i]);
    if (find(suffixes.hashes[i], suffix) != 0) break;
    remember(suffixes.hashes[i], start + suffixes.offsets[i], suffix.size());
  }
  return true;
}

bool MessageWriter::putRdata(RRType type, std::span<const std::uint8_t> rdata) noexcept {
  if (type == RRType::DNAME) return putDname(rdata);
  const RdataNames layout = compressible(type);
  if (layout.names == 0 || rdata.size() < layout.before) return putBytes(rdata);
  if (!putBytes(rdata.first(layout.before))) return false;
  rdata = rdata.subspan(layout.before);
  for (unsigned i = 0; i < layout.names; ++i) {
    const std::size_t size = nameOctets(rdata);
    if (size == 0) break;
    if (!putName(rdata.first(size))) return false;
    rdata = rdata.subspan(size);
  }
  return putBytes(rdata);
}

void MessageWriter::remember(std::uint32_t hash, std::size_t at, std::size_t size) noexcept {
  if (names_ == kNames || at >= 0x4000) return;
  std::uint8_t& head = buckets_[hash % kBuckets];
  seen_[names_] = {hash, static_cast<std::uint16_t>(at), static_cast<std::uint8_t>(size), head};
  head = ++names_;
}

void MessageWriter::rememberQuestion() noexcept {
  if (questionSeen_ || query_.received.empty()) return;
  questionSeen_ = true;
  const Suffixes suffixes(query_.received);
  // Half of the places at most: a question of many labels must not crowd out the names of the answer. The
  // suffixes nearest to the root are those that other names share.
  for (unsigned i = suffixes.labels - std::min<unsigned>(suffixes.labels, kNames / 2); i < suffixes.labels;
       ++i)
    remember(suffixes.hashes[i], kHeaderOctets + suffixes.offsets[i],
             query_.received.size() - suffixes.offsets[i]);
}

std::size_t MessageWriter::find(std::uint32_t hash, std::span<const std::uint8_t> suffix) const noexcept {
  for (unsigned i = buckets_[hash % kBuckets]; i != 0; i = seen_[i - 1u].next) {
    const Seen& seen = seen_[i - 1u];
    if (seen.hash == hash && seen.size == suffix.size() && same(seen.at, suffix)) return seen.at;
  }
  return 0;
}

bool MessageWriter::same(std::size_t at, std::span<const std::uint8_t> suffix) const noexcept {
  for (std::size_t i = 0;;) {
    while ((out_[at] & 0xc0) == 0xc0) at = static_cast<std::size_t>((out_[at] & 0x3f) << 8 | out_[at + 1]);
    const std::size_t octets = suffix[i] + 1u;
    for (std::size_t j = 0; j < octets; ++j)
      if (lowerOctet(out_[at + j]) != lowerOctet(suffix[i + j])) return false;
    if (octets == 1) return true;
    at += octets;
    i += octets;
  }
}

void MessageWriter::rollback(const Mark& mark) noexcept {
  size_ = mark.size;
  counts_ = mark.counts;
  // The newest first, so that each is the head of its bucket when its turn comes.
  while (names_ > mark.names) {
    const Seen& seen = seen_[--names_];
    buckets_[seen.hash % kBuckets] = seen.next;
  }
  if (names_ == 0) questionSeen_ = false;
}

void MessageWriter::putOpt(unsigned rcode, const Opt& opt) noexcept {
  limit_ += kept_;
  out_[size_++] = 0;
  put16(static_cast<std::uint16_t>(RRType::OPT));
  put16(opt.payload);
  put32(rcode >> 4 << 24 | (query_.edns.dnssecOk ? 0x8000u : 0u));
  const std::size_t lengthAt = size_;
  size_ += 2;
  putBytes(opt.options);
  if (opt.paddingBlock != 0) putPadding(opt.paddingBlock);
  putLength(lengthAt);
  ++counts_[static_cast<std::size_t>(Section::Additional)];
}

/// RFC 7830 section 3, the last of the options.
void MessageWriter::putPadding(std::size_t block) noexcept {
  if (!room(kOptionHeaderOctets)) return;
  const std::size_t bare = size_ + kOptionHeaderOctets;
  const std::size_t padded = std::min((bare + block - 1) / block * block, limit_);
  put16(static_cast<std::size_t>(OptionCode::Padding));
  put16(padded - bare);
  std::fill_n(out_.begin() + static_cast<std::ptrdiff_t>(size_), padded - bare, std::uint8_t{0});
  size_ = padded;
}

std::size_t MessageWriter::finish(Rcode rcode, const Opt& opt) noexcept {
  const auto code = static_cast<unsigned>(rcode);
  if (query_.edns.present) putOpt(code, opt);
  const std::size_t size = size_;
  size_ = 0;
  put16(query_.id);
  put16(flags_ | (code & 0xf));
  put16(query_.received.empty() ? 0 : 1);
  for (const std::uint16_t count : counts_) put16(count);
  size_ = size;
  return size;
}

}  // namespace holdfast
