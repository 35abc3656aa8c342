#include "server/metrics_page.h"

#include <exception>
#include <utility>

#include "server/routes.h"

namespace holdfast {

namespace {
constexpr std::size_t kScrapesWaiting = 16;
constexpr const char* kTextFormat = "text/plain; version=0.0.4; charset=utf-8";
}  // namespace

MetricsPage::MetricsPage(LoopQueue& loop, Prepare prepare)
    : loop_(loop), prepare_(std::move(prepare)), pool_({1, 1, kScrapesWaiting, kScrapesWaiting}) {}

void MetricsPage::stop() {
  pool_.stop();
  loop_.runPosted();
}

void MetricsPage::handle(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  if (request.path != "/metrics") return reply->send(errorResponse(404, "there is only /metrics here"));
  if (request.method != "GET") {
    HttpResponse response = errorResponse(405, "/metrics takes GET");
    response.headers.emplace_back("Allow", "GET");
    return reply->send(std::move(response));
  }
  // The way back is made before: the reply must not end in the pool, and there may be no memory then.
  auto text = std::make_shared<std::string>();
  auto back = std::make_shared<LoopQueue::Parcel>(LoopQueue::pack([reply, text] {
    if (text->empty()) return reply->send(errorResponse(500, "the metrics could not be made"));
    reply->send({200, std::move(*text), kTextFormat});
  }));
  const WorkPool::Taken taken = pool_.run("", [this, render = prepare_(), text, back] {
    try {
      *text = render();
    } catch (const std::exception&) {
      text->clear();  // memory ran out: no numbers are better than half of them
    }
    loop_.post(std::move(*back));
  });
  if (taken != WorkPool::Taken::Yes) reply->send(errorResponse(503, "too many scrapes wait"));
}

}  // namespace holdfast
