#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/http.h"
#include "server/loop_queue.h"
#include "server/work_pool.h"

namespace holdfast {

/// GET /metrics. The text is made on a thread of its own, so that a scrape that waits for the publisher holds
/// nothing else up. handle(), stop() and the destructor belong to the loop thread.
class MetricsPage {
 public:
  using Render = std::function<std::string()>;
  using Prepare = std::function<Render()>;

  /// `prepare` runs on the loop thread and gives what then runs on the page's thread.
  MetricsPage(LoopQueue& loop, Prepare prepare);
  ~MetricsPage() { stop(); }

  void handle(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply);
  void stop();

 private:
  LoopQueue& loop_;
  const Prepare prepare_;
  WorkPool pool_;
};

}  // namespace holdfast
