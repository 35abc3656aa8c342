#include "tools/zonectl/api_client.h"

#include <curl/curl.h>

#include <array>
#include <new>

namespace holdfast::zonectl {

namespace {

constexpr long kConnectSeconds = 5;

/// The library's own set-up, once, and for as long as any client lives.
class CurlLibrary {
 public:
  CurlLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

struct EasyCloser {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct ListCloser {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCloser>;

void append(List& list, const std::string& header) {
  curl_slist* longer = curl_slist_append(list.get(), header.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

std::size_t receive(char* data, std::size_t /*one*/, std::size_t size, void* to) noexcept {
  try {
    static_cast<std::string*>(to)->append(data, size);
    return size;
  } catch (const std::bad_alloc&) {
    return 0;  // which curl takes for a failed write
  }
}

int tellProgress(void* to, curl_off_t, curl_off_t, curl_off_t all, curl_off_t sent) noexcept {
  try {
    (*static_cast<const ApiClient::Progress*>(to))(static_cast<std::uint64_t>(sent),
                                                   static_cast<std::uint64_t>(all));
    return 0;
  } catch (...) {
    return 1;  // ends the transfer
  }
}

std::string explain(CURLcode code, const std::string& socket, const char* detail,
                    std::chrono::seconds timeout) {
  if (code == CURLE_COULDNT_CONNECT)
    return "no server answers at " + socket +
           ": is holdfastd running? --control or HOLDFAST_CONTROL name another socket";
  if (code == CURLE_OPERATION_TIMEDOUT)
    return "no answer from " + socket + " within " + std::to_string(timeout.count()) +
           " s. What was asked for may still be done: look at zonectl status";
  return "no answer from " + socket + ": " + (*detail == '\0' ? curl_easy_strerror(code) : detail);
}

}  // namespace

struct ApiClient::Handle {
  CurlLibrary library;
  std::unique_ptr<CURL, EasyCloser> easy{curl_easy_init()};
};

ApiClient::ApiClient(std::string socket, std::chrono::seconds timeout)
    : socket_(std::move(socket)), timeout_(timeout), handle_(std::make_unique<Handle>()) {
  if (!handle_->easy) throw std::bad_alloc();
}

ApiClient::~ApiClient() = default;

Result<ApiResponse> ApiClient::send(const ApiRequest& request, const Progress& progress) {
  CURL* easy = handle_->easy.get();
  curl_easy_reset(easy);
  ApiResponse response;
  std::array<char, CURL_ERROR_SIZE> detail{};
  const std::string url = "http://holdfast" + request.target;
  List headers;
  append(headers, "Accept: " + request.accept);
  append(headers, "Expect:");  // the answer to "may I send?" would only cost time on this machine
  if (!request.contentType.empty()) append(headers, "Content-Type: " + request.contentType);

  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // or else the root zone's %2E is taken for "here"
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, static_cast<long>(timeout_.count()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &response.body);
  if (request.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  } else {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (progress) {
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, tellProgress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &progress);
  }
  const CURLcode code = curl_easy_perform(easy);
  if (code != CURLE_OK) return Error{ErrorKind::System, "", explain(code, socket_, detail.data(), timeout_)};
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &response.status);
  return response;
}

}  // namespace holdfast::zonectl
