#include <algorithm>
#include <ostream>
#include <thread>

#include "tools/zonectl/commands.h"
#include "tools/zonectl/url.h"
#include "tools/zonectl/watch_view.h"
#include "zone/plan.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr unsigned kPatienceSeconds = 5;      // a server that does not answer for longer is away
constexpr const char* kHistoryLines = "100";  // that one look at a zone's history sees

std::string nowText() {
  return toText(std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now()));
}

/// Draws over what it drew before.
class Picture {
 public:
  explicit Picture(std::ostream& out) : out_(out) {}
  void draw(const std::string& text) {
    if (lines_ > 0) out_ << "\033[" << lines_ << "A\r";
    out_ << "\033[J" << text << std::flush;
    lines_ = std::count(text.begin(), text.end(), '\n');
  }

 private:
  std::ostream& out_;
  std::ptrdiff_t lines_ = 0;
};

std::variant<std::vector<std::string>, Exit> zonesOf(const Arguments& arguments, const Screen& screen) {
  std::vector<std::string> zones;
  for (const std::string& text : arguments.zones) {
    const Result<Name> name = Name::absolute(text);
    if (!name) {
      screen.err << "zonectl: not a zone name: " << printable(name.error().text()) << "\n";
      return Exit::Usage;
    }
    zones.push_back(name->text());
  }
  return zones;
}

/// One look: the status, then the history of zones in which something happened.
void look(ApiClient& client, WatchView& view) {
  const auto ask = [&](const std::string& target) {
    ApiRequest request;
    request.target = target;
    return client.send(request);
  };
  const Result<ApiResponse> status = ask("/v1/status");
  if (!status) return view.sawNobody(status.error().text(), nowText());
  if (!status->isSuccess())
    return view.sawNobody("the server answers with status " + std::to_string(status->status), nowText());
  const auto grown = view.saw(documentOf(*status), nowText(), std::chrono::steady_clock::now());
  for (const std::string& zone : grown) {
    const Result<ApiResponse> history =
        ask(Target(zonePath(zone, "/plans")).with("limit", kHistoryLines).text());
    if (history && history->isSuccess()) view.sawHistory(zone, documentOf(*history));
  }
}

}  // namespace

Exit watch(const Arguments& arguments, ApiClient&, const Screen& screen) {
  const auto zones = zonesOf(arguments, screen);
  if (const Exit* ended = std::get_if<Exit>(&zones)) return *ended;
  WatchView view(std::get<std::vector<std::string>>(zones));
  ApiClient client(arguments.control,
                   std::chrono::seconds(std::min(arguments.timeoutSeconds, kPatienceSeconds)));
  Picture picture(screen.out);
  for (std::uint64_t looks = 1;; ++looks) {
    look(client, view);
    const auto events = view.takeEvents();
    if (arguments.json) {
      screen.out << view.document(events).dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
    } else if (screen.redraws) {
      picture.draw(view.screen(screen.palette));
    } else {
      for (const WatchView::Event& event : events) screen.out << view.line(event, screen.palette);
    }
    screen.out.flush();
    if (!screen.out) return Exit::Other;  // whoever read it has gone
    if (looks == arguments.count) return view.isAway() ? Exit::Unreachable : Exit::Done;
    std::this_thread::sleep_for(std::chrono::duration<double>(arguments.interval));
  }
}

}  // namespace holdfast::zonectl
