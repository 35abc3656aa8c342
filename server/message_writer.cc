#include "server/message_writer.h"

#include <algorithm>
#include <cstring>

#include "server/address_records.h"
#include "server/edns.h"
#include "zone/lowered_name.h"

namespace holdfast {

namespace {

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
  store16(end(), value);
  size_ += 2;
}

bool MessageWriter::putBytes(std::span<const std::uint8_t> bytes) noexcept {
  if (!room(bytes.size())) return false;
  std::memcpy(end(), bytes.data(), bytes.size());
  size_ += bytes.size();
  return true;
}

/// Of what stands behind the two octets at `at`.
void MessageWriter::putLength(std::size_t at) noexcept {
  store16(out_.data() + at, size_ - at - 2);
}

bool MessageWriter::putPointer(std::size_t target) noexcept {
  if (!room(2)) return false;
  put16(0xc000u | target);
  return true;
}

bool MessageWriter::add(Section section, Owner& owner, RRType type, std::uint32_t ttl,
                        std::span<const std::uint8_t> rdata) noexcept {
  if (!putOwner(owner) || !room(10)) return false;
  std::uint8_t* at = store16(end(), static_cast<std::size_t>(type));
  store32(store16(at, recordClass()), ttl);
  size_ += 10;
  const std::size_t lengthAt = size_ - 2;
  if (!putRdata(type, rdata)) return false;
  putLength(lengthAt);
  ++counts_[static_cast<std::size_t>(section)];
  return true;
}

bool MessageWriter::addAddresses(Section section, Owner& owner, RRsetView rrset, std::uint32_t ttl,
                                 unsigned first) noexcept {
  const unsigned count = rrset.count();
  const std::size_t octets = rrset.addressOctets();
  if (owner.at == 0) {
    // It is written with the first record, and may be where no pointer reaches.
    const std::uint8_t* begin = rrset.addresses();
    for (unsigned i = 0; i < count; ++i) {
      const std::size_t record = (first + i) % count;
      const std::uint8_t* rdata = begin + record * octets;
      if (!add(section, owner, rrset.type(), ttl, {rdata, octets})) return false;
    }
    return true;
  }
  if (!room(count * (kFixedOctets + octets))) return false;
  const AddressHead head{owner.at, recordClass(), ttl};
  if (rrset.type() == RRType::A)
    putAddressRecords<4>(end(), rrset, head, first);
  else
    putAddressRecords<16>(end(), rrset, head, first);
  size_ += count * (kFixedOctets + octets);
  std::uint16_t& records = counts_[static_cast<std::size_t>(section)];
  records = static_cast<std::uint16_t>(records + count);
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
  const LoweredName lowered(name);
  const HashedName& hashed = lowered.hashed;
  const std::size_t start = size_;
  for (unsigned labels = hashed.labels(); labels > 0; --labels) {
    const NameView suffix = hashed.suffix(labels);
    const std::uint64_t hash = hashed.hash(labels);
    if (const std::size_t target = find(hash, suffix); target != 0) return putPointer(target);
    const std::size_t offset = name.size() - suffix.size();
    if (!putBytes(name.subspan(offset, name[offset] + 1u))) return false;
    remember(hash, start + offset, suffix.size());
  }
  return putBytes(name.last(1));
}

/// A DNAME's target is not compressed (RFC 6672 section 2.5), but the CNAME made of it may point into it.
bool MessageWriter::putDname(std::span<const std::uint8_t> target) noexcept {
  rememberQuestion();
  const std::size_t start = size_;
  if (!putBytes(target)) return false;
  if (nameOctets(target) != target.size()) return true;
  const LoweredName lowered(target);
  const HashedName& hashed = lowered.hashed;
  for (unsigned labels = hashed.labels(); labels > 0; --labels) {
    const NameView suffix = hashed.suffix(labels);
    const std::uint64_t hash = hashed.hash(labels);
    if (find(hash, suffix) != 0) break;
    remember(hash, start + target.size() - suffix.size(), suffix.size());
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

void MessageWriter::remember(std::uint64_t hash, std::size_t at, std::size_t size) noexcept {
  if (names_ == kNames || at >= 0x4000) return;
  std::uint8_t& head = buckets_[hash % kBuckets];
  seen_[names_] = {static_cast<std::uint32_t>(hash), static_cast<std::uint16_t>(at),
                   static_cast<std::uint8_t>(size), head};
  head = ++names_;
}

void MessageWriter::rememberQuestion() noexcept {
  if (questionSeen_ || query_.received.empty()) return;
  questionSeen_ = true;
  // Half of the places at most: a question of many labels must not crowd out the names of the answer. The
  // suffixes nearest to the root are those that other names share.
  const HashedName& question = query_.hashed;
  for (unsigned labels = std::min<unsigned>(question.labels(), kNames / 2); labels > 0; --labels) {
    const std::size_t size = question.suffix(labels).size();
    remember(question.hash(labels), kHeaderOctets + question.name().size() - size, size);
  }
}

std::size_t MessageWriter::find(std::uint64_t hash, NameView suffix) const noexcept {
  for (unsigned i = buckets_[hash % kBuckets]; i != 0; i = seen_[i - 1u].next) {
    const Seen& seen = seen_[i - 1u];
    if (seen.hash == static_cast<std::uint32_t>(hash) && seen.size == suffix.size() && same(seen.at, suffix))
      return seen.at;
  }
  return 0;
}

/// Whether the name that the message has at `at` is this lower-case one.
bool MessageWriter::same(std::size_t at, NameView suffix) const noexcept {
  // Most names end as the question does, and of that there is a lower-case copy.
  if (at < kHeaderOctets + query_.received.size())
    return NameView(query_.lowered.data() + (at - kHeaderOctets), suffix.size()) == suffix;
  for (std::size_t i = 0;;) {
    while ((out_[at] & 0xc0) == 0xc0) at = static_cast<std::size_t>((out_[at] & 0x3f) << 8 | out_[at + 1]);
    const std::size_t octets = suffix.data()[i] + 1u;
    for (std::size_t j = 0; j < octets; ++j)
      if (lowerOctet(out_[at + j]) != suffix.data()[i + j]) return false;
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
  std::uint8_t* at = end();
  *at++ = 0;
  at = store16(store16(at, static_cast<std::size_t>(RRType::OPT)), opt.payload);
  store32(at, rcode >> 4 << 24 | (query_.edns.dnssecOk ? 0x8000u : 0u));
  size_ += kOptOctets;
  const std::size_t lengthAt = size_ - 2;
  if (!opt.options.empty()) putBytes(opt.options);
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
  std::uint8_t* at = store16(store16(out_.data(), query_.id), flags_ | (code & 0xf));
  at = store16(at, query_.received.empty() ? 0 : 1);
  for (const std::uint16_t count : counts_) at = store16(at, count);
  return size_;
}

}  // namespace holdfast
