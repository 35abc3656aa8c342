#include "tools/flood/report.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/zonectl/text_table.h"

namespace holdfast::flood {

namespace {

using nlohmann::json;
using zonectl::Colour;

constexpr double kMilliseconds = 1e6;

std::string digits(double value, int decimals) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string milliseconds(std::uint64_t nanoseconds) {
  const double value = static_cast<double>(nanoseconds) / kMilliseconds;
  return digits(value, value < 1 ? 3 : value < 100 ? 2 : 0) + " ms";
}

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string perSecond(std::uint64_t count, double seconds) {
  return grouped(seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(count) / seconds) : 0) + "/s";
}

const char* rcodeName(std::size_t rcode) {
  constexpr std::array<const char*, 6> kNames{"NOERROR",  "FORMERR", "SERVFAIL",
                                              "NXDOMAIN", "NOTIMP",  "REFUSED"};
  return rcode < kNames.size() ? kNames[rcode] : "other";
}

json latencyJson(const LatencyHistogram& latency) {
  json buckets = json::array();
  latency.forEach([&](std::uint64_t longest, std::uint64_t count) { buckets.push_back({longest, count}); });
  return {{"p50_ns", latency.quantile(0.5)},      {"p90_ns", latency.quantile(0.9)},
          {"p99_ns", latency.quantile(0.99)},     {"p999_ns", latency.quantile(0.999)},
          {"p9999_ns", latency.quantile(0.9999)}, {"max_ns", latency.most()},
          {"histogram", std::move(buckets)}};
}

json momentsJson(const Timeline& timeline) {
  json moments = json::array();
  for (const Moment& each : timeline.moments())
    moments.push_back({{"at", each.at},
                       {"seconds", each.seconds},
                       {"sent", each.sent},
                       {"answered", each.answered},
                       {"lost", each.lost},
                       {"faulty", each.faulty},
                       {"p50_ns", each.p50},
                       {"p99_ns", each.p99},
                       {"p999_ns", each.p999},
                       {"max_ns", each.most},
                       {"newest", each.newest ? json(each.newest->generation()) : json()}});
  return moments;
}

json resultOf(const Options& options, const Timeline& timeline) {
  const Tally& total = timeline.total();
  json faults, rcodes, swaps = json::array();
  for (std::size_t i = 1; i < kFaults; ++i) faults[nameOf(static_cast<Fault>(i))] = total.faults[i];
  for (std::size_t i = 0; i < total.rcodes.size(); ++i)
    if (total.rcodes[i] > 0) rcodes[std::to_string(i)] = total.rcodes[i];
  for (const Swap& each : timeline.swaps())
    swaps.push_back({{"at", each.at}, {"generation", each.generation.generation()}});
  json servers = json::array();
  for (const ServerAddress& server : options.servers) servers.push_back(server.text());
  return {{"command", options.command},
          {"servers", std::move(servers)},
          {"began", options.began},
          {"stamped", options.isStamped},
          {"start_ns", timeline.start()},
          {"seconds", timeline.seconds()},
          {"rate", options.perSecond},
          {"sent", total.sent},
          {"answered", total.answered},
          {"lost", total.lost},
          {"faults", std::move(faults)},
          {"rcodes", std::move(rcodes)},
          {"truncated", total.truncated},
          {"garbage", {{"sent", total.garbage}, {"answered", total.garbageAnswered}}},
          {"unasked", total.unasked},
          {"tcp_closed", total.closed},
          {"latency", latencyJson(total.latency)},
          {"swaps", std::move(swaps)},
          {"moments", momentsJson(timeline)}};
}

constexpr std::string_view kPage =
#include "tools/flood/report_page.inc"
    ;

}  // namespace

std::string progressText(const Options& options, const Timeline& timeline) {
  const Tally& total = timeline.total();
  std::string text = digits(timeline.seconds(), 0) + " of " + digits(options.seconds, 0) + " s";
  if (!timeline.moments().empty()) {
    const Moment& last = timeline.moments().back();
    text += "  " + perSecond(last.answered, last.seconds) + "  p99 " + milliseconds(last.p99);
    if (last.newest) text += "  generation " + std::to_string(last.newest->generation());
  }
  text += "  lost " + grouped(total.lost) + "  at fault " + grouped(total.faulty());
  return text;
}

std::string summaryText(const Options& options, const Timeline& timeline, const zonectl::Palette& palette) {
  const Tally& total = timeline.total();
  zonectl::TextTable table({"", ">", ">"});
  const auto share = [&](std::uint64_t count) {
    return total.sent == 0
               ? std::string()
               : digits(100.0 * static_cast<double>(count) / static_cast<double>(total.sent), 3) + " %";
  };
  const double seconds = timeline.seconds();
  table.row({"sent", grouped(total.sent), perSecond(total.sent, seconds)});
  table.row({"answered", grouped(total.answered), perSecond(total.answered, seconds)});
  const bool isBad = total.lost > 0 && options.perSecond > 0;
  table.row({{"lost", isBad ? Colour::Red : Colour::None}, grouped(total.lost), share(total.lost)});
  for (std::size_t i = 0; i < total.rcodes.size(); ++i)
    if (total.rcodes[i] > 0)
      table.row({std::string("  ") + rcodeName(i), grouped(total.rcodes[i]), share(total.rcodes[i])});
  for (std::size_t i = 1; i < kFaults; ++i)
    if (total.faults[i] > 0)
      table.row({{std::string("  ") + nameOf(static_cast<Fault>(i)), Colour::Red},
                 grouped(total.faults[i]),
                 share(total.faults[i])});
  if (total.garbage > 0)
    table.row({"garbage; answered", grouped(total.garbage), grouped(total.garbageAnswered)});
  if (total.closed > 0) table.row({"connections closed", grouped(total.closed), ""});
  const LatencyHistogram& latency = total.latency;
  for (const auto& [name, value] :
       {std::pair{"p50", latency.quantile(0.5)}, std::pair{"p99", latency.quantile(0.99)},
        std::pair{"p99.9", latency.quantile(0.999)}, std::pair{"longest", latency.most()}})
    table.row({name, total.answered == 0 ? "–" : milliseconds(value), ""});
  if (total.newest)
    table.row({"newest generation; exchanges seen", std::to_string(total.newest->generation()),
               grouped(timeline.swaps().size())});
  if (total.answered > 0 || total.sent == 0) return table.text(palette);
  std::string nobody = "nothing answered at";
  for (const ServerAddress& server : options.servers) nobody += " " + server.text();
  return table.text(palette) + nobody + "\n";
}

std::string resultJson(const Options& options, const Timeline& timeline) {
  return resultOf(options, timeline).dump(1) + '\n';
}

std::string resultHtml(const Options& options, const Timeline& timeline) {
  std::string page(kPage);
  constexpr std::string_view kPlace = "@RESULT@";
  json result = resultOf(options, timeline);
  // "<" cannot end the script element that it stands in.
  std::string text = result.dump();
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");
  page.replace(page.find(kPlace), kPlace.size(), text);
  return page;
}

int verdictOf(const Options& options, const Timeline& timeline) noexcept {
  const Tally& total = timeline.total();
  if (total.sent > 0 && total.answered == 0) return 3;
  return total.faulty() > 0 || (options.perSecond > 0 && total.lost > 0) ? 1 : 0;
}

}  // namespace holdfast::flood
