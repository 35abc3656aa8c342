#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "server/workers.h"
#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

constexpr const char* kHead = "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";

/// A zone whose names all answer with records that tell the generation.
std::shared_ptr<const Zone> told(unsigned generation) {
  std::string text = kHead;
  for (unsigned i = 0; i < 16; ++i)
    text += "all 60 IN A 10.0." + std::to_string(generation) + "." + std::to_string(i) + "\n";
  return zoneOf("example", text + "www 60 IN CNAME all\n");
}

}  // namespace

TEST_CASE("I3: every response is of one snapshot and generations never go back while it is swapped") {
  const RcuThread publisher;
  ReclaimStats reclaimed;
  RcuPointer<Snapshot> snapshot(
      std::make_unique<Snapshot>(std::vector<std::shared_ptr<const Zone>>{told(0)}));
  {
    ServeSettings settings;
    settings.listen = {*SocketAddress::parse("127.0.0.1:0")};
    settings.threads = 2;
    const auto workers = Workers::start(settings, snapshot);
    REQUIRE(workers);
    const SocketAddress server = (*workers)->addresses().front();

    std::atomic<unsigned> torn{0}, back{0}, answered{0};
    std::atomic<bool> stop{false};
    std::thread client([&] {
      const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (::connect(socket.get(), server.raw(), server.size()) != 0) return;
      const Bytes query = queryBytes({"www.example"});
      Bytes in(512);
      unsigned highest = 0;
      while (!stop) {
        if (::send(socket.get(), query.data(), query.size(), 0) < 0) continue;
        pollfd wait{socket.get(), POLLIN, 0};
        if (::poll(&wait, 1, 1000) != 1) continue;
        const ssize_t octets = ::recv(socket.get(), in.data(), in.size(), 0);
        if (octets < 100) continue;
        const std::size_t size = static_cast<std::size_t>(octets);
        // The last 16 records are "pointer, A, IN, TTL, 4, 10.0.GENERATION.i" of 16 octets each.
        const unsigned generation = in[size - 2];
        for (unsigned i = 0; i < 16; ++i)
          if (in[size - 2 - 16 * i] != generation) ++torn;
        if (generation < highest) ++back;
        highest = generation;
        ++answered;
      }
    });
    for (unsigned generation = 1; generation <= 200; ++generation) {
      snapshot.swap(std::make_unique<Snapshot>(std::vector<std::shared_ptr<const Zone>>{told(generation)}),
                    reclaimed);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    stop = true;
    client.join();
    CHECK(torn == 0);
    CHECK(back == 0);
    CHECK(answered > 100);
  }
  RcuRetired::drain();
  CHECK(reclaimed.reclaimed == 200);
}

}  // namespace holdfast::test
