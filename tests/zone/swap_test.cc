// Swaps under readers, against a model: what the store made durable, in which transaction.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <thread>

#include "tests/zone/concurrency_fixture.h"
#include "zone/lookup.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

using View = std::vector<Generation>;

constexpr std::size_t kFewViews = 5;

unsigned lastOctet(const Zone& zone, const Name& owner) {
  const Lookup found = lookup(zone, HashedName(owner), RRType::A);
  return found.found == Found::Data ? found.rrset.front()[3] : 0u;
}

/// What one reader saw: every view that differs from the one before it.
struct Reader {
  std::vector<Name> zones, as, bs;
  std::vector<View> views;
  std::atomic<std::size_t> seen{0};  // views, for other threads
  int torn = 0, backward = 0, unsteady = 0;

  View look(const Snapshot& snapshot) {
    View view;
    for (std::size_t i = 0; i < zones.size(); ++i) {
      const Zone& zone = *snapshot.zoneAt(zones[i]);
      view.push_back(zone.generation());
      const unsigned a = lastOctet(zone, as[i]);
      if (a != lastOctet(zone, bs[i]) || a != zone.generation() % 250 + 1) ++torn;
    }
    return view;
  }

  void run(const Publisher& publisher, const std::atomic<bool>& stop) {
    const RcuThread registered;
    while (!stop) {
      const ReadSection section;
      const Snapshot& snapshot = publisher.snapshot().read(section);
      const View view = look(snapshot);
      if (look(snapshot) != view) ++unsteady;  // whatever was swapped meanwhile
      if (!views.empty() && views.back() == view) continue;
      for (std::size_t i = 0; !views.empty() && i < view.size(); ++i)
        if (view[i] < views.back()[i]) ++backward;
      views.push_back(view);
      seen = views.size();
    }
  }
};

}  // namespace

TEST_CASE("I3: readers see the old or the new of a commit, whole over all its zones, and never go back") {
  const std::vector<std::string> zones = {"z0.", "z1.", "z2.", "z3."};
  Submitters server(zones);
  for (const std::string& zone : zones) REQUIRE(isPublished(server.submit(zone, fullPlan(1))));
  std::atomic<bool> stop{false};
  std::vector<Reader> readers(2);
  std::vector<std::thread> threads;
  for (Reader& reader : readers) {
    for (const std::string& zone : zones) {
      reader.zones.push_back(name(zone));
      reader.as.push_back(name("a." + zone));
      reader.bs.push_back(name("b." + zone));
    }
    threads.emplace_back([&] { reader.run(server.publisher(), stop); });
  }
  std::vector<std::thread> enactors;
  for (unsigned i = 0; i < 6; ++i)
    enactors.emplace_back([&, i] {
      const RcuThread registered;
      std::mt19937 random(i);
      for (int plans = 0; plans < 60; ++plans) {
        const std::string& zone = zones[random() % zones.size()];
        const Generation committed = server.publisher().status(name(zone))->committed;
        if (random() % 3 == 0)
          (void)server.submit(zone, fullPlan(committed + 1 + random() % 3));
        else
          (void)server.submit(zone, deltaPlan(committed, static_cast<unsigned>(committed + 1)));
      }
    });
  for (std::thread& enactor : enactors) enactor.join();
  // On a busy machine a reader may have slept through all of that.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto hasSeenFew = [](const Reader& reader) { return reader.seen <= kFewViews; };
  while (std::any_of(readers.begin(), readers.end(), hasSeenFew) &&
         std::chrono::steady_clock::now() < deadline)
    (void)server.submit(zones[0], fullPlan(server.publisher().status(name(zones[0]))->committed + 1));
  stop = true;
  for (std::thread& thread : threads) thread.join();

  std::size_t mixed = 0;
  const auto transactions = server.store().transactions();
  for (const Reader& reader : readers) {
    CHECK(reader.torn == 0);
    CHECK(reader.backward == 0);
    CHECK(reader.unsteady == 0);
    // Else nothing was swapped under this reader, and all of the above says nothing.
    CHECK(reader.views.size() > kFewViews);
    CHECK(std::set<View>(reader.views.begin(), reader.views.end()).size() == reader.views.size());
    for (const View& view : reader.views)
      for (const auto& transaction : transactions) {
        std::set<bool> visible;
        for (std::size_t i = 0; i < zones.size(); ++i)
          if (const auto part = transaction.find(name(zones[i])); part != transaction.end())
            visible.insert(view[i] >= part->second);
        mixed += visible.size() > 1 ? 1 : 0;
      }
  }
  CHECK(mixed == 0);
  RcuRetired::drain();
  CHECK(server.publisher().reclaimStats().retired == server.publisher().reclaimStats().reclaimed);
}
