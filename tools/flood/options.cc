#include "tools/flood/options.h"

#include <CLI/CLI.hpp>
#include <sstream>

#include "zone/plan.h"
#include "zone/zone.h"

namespace holdfast::flood {

namespace {

constexpr const char* kAbout =
    "Asks DNS servers as fast as they answer, or at a rate, and judges each answer.\n"
    "FILE has a name and a type a line, as dnsperf reads it; \"!\" behind them says that there are always "
    "addresses, \"!N\" that their generation is that of group N, \"!-\" that it may go back.";
constexpr const char* kStatus =
    "Exit status: 0; 1 where an answer was at fault or, at a rate, lost; 2 usage; 3 nothing was answered.";

void addWhat(CLI::App& app, Options& options, std::vector<std::string>& servers) {
  app.add_option("SERVER", servers, "Addresses with ports: 127.0.0.1:5300, [::1]:5300")
      ->required()
      ->type_name("");
  app.add_option("-d,--questions", options.questions, "Questions to ask")->required()->type_name("FILE");
  app.add_option("--zipf", options.draw.zipf, "Draw them by Zipf's law with this exponent (0: all alike)")
      ->check(CLI::Range(0.0, 5.0));
  app.add_option("--garbage", options.draw.garbage,
                 "Share of messages by UDP that are no legal questions (0)")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag(
      "--stamped", options.isStamped,
      "Addresses carry the generation: 10.T.G.G and ...T:G, so that answers older than others are seen");
  app.add_option("--tcp", options.tcp, "Share of the questions that go by TCP (0)")
      ->check(CLI::Range(0.0, 1.0));
}

void addHow(CLI::App& app, Options& options) {
  app.add_option("-q,--rate", options.perSecond,
                 "Questions a second, of all threads (0: as many as are answered)")
      ->check(CLI::Range(0.0, 1e8));
  app.add_option("-l,--seconds", options.seconds, "How long (10)")->check(CLI::Range(0.1, 1e6));
  app.add_option("--timeout", options.timeout, "Seconds until an answer is lost (2)")
      ->check(CLI::Range(0.01, 60.0));
  app.add_option("-T,--threads", options.threads, "Threads that ask, each with sockets of its own (1)")
      ->check(CLI::Range(1u, 256u));
  app.add_option("--sockets", options.sockets, "Of each thread for each server (4)")
      ->check(CLI::Range(1u, 1000u));
  app.add_option("--connections", options.connections, "The same, by TCP (2)")->check(CLI::Range(1u, 1000u));
  app.add_option("--window", options.window, "Questions that wait on a socket, without a rate (256)")
      ->check(CLI::Range(1u, 60'000u));
  app.add_option("--seed", options.seed, "Of what is drawn (1)");
  app.add_option("--json", options.json, "Write the result there")->type_name("FILE");
  app.add_option("--html", options.html, "Write a report with plots there")->type_name("FILE");
  app.add_flag("--quiet", options.isQuiet, "Print faults only");
}

Words misused(const std::string& what) {
  return {std::nullopt, "flood: " + what + "; flood --help says how\n", 2};
}

}  // namespace

Words readOptions(int argc, const char* const* argv) {
  Options options;
  std::vector<std::string> servers;
  CLI::App app(kAbout, "flood");
  app.footer(kStatus);
  app.set_version_flag("--version", "flood " HOLDFAST_VERSION);
  addWhat(app, options, servers);
  addHow(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    std::ostringstream out, err;
    app.exit(asked, out, err);
    return {std::nullopt, out.str(), 0};
  } catch (const CLI::ParseError& error) {
    return misused(error.what());
  }
  for (const std::string& text : servers) {
    auto server = ServerAddress::parse(text);
    if (!server) return misused(server.error().text());
    options.servers.push_back(*std::move(server));
  }
  options.began = toText(wallClock());
  for (int i = 0; i < argc; ++i) options.command += (i == 0 ? "" : " ") + std::string(argv[i]);
  return {std::move(options), "", 0};
}

}  // namespace holdfast::flood
