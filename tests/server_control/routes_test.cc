#include "server/routes.h"

#include <catch2/catch.hpp>

namespace holdfast {

namespace {

Route found(std::string_view method, std::string_view path, std::string_view query = "") {
  auto result = routeOf(method, path, query);
  if (const auto* response = std::get_if<HttpResponse>(&result)) FAIL(response->body);
  return std::get<Route>(result);
}

HttpResponse refused(std::string_view method, std::string_view path, std::string_view query = "") {
  auto result = routeOf(method, path, query);
  REQUIRE(std::holds_alternative<HttpResponse>(result));
  return std::get<HttpResponse>(result);
}

}  // namespace

TEST_CASE("every route is found") {
  CHECK(found("GET", "/v1/status").kind == RouteKind::Server);
  CHECK(found("PUT", "/v1/zones/a.example").kind == RouteKind::Zone);
  CHECK(found("POST", "/v1/zones/a.example/plans").kind == RouteKind::Plans);
  CHECK(found("GET", "/v1/zones/a.example/plans/7").generation == 7);
  CHECK(found("GET", "/v1/zones/a.example/diff", "from=1&to=2&limit=3").kind == RouteKind::Diff);
  CHECK(found("POST", "/v1/zones/a.example/diff", "remove=a&remove=b").kind == RouteKind::Diff);
  CHECK(found("POST", "/v1/zones/a.example/rollback", "to=1&reason=x").kind == RouteKind::Rollback);
  CHECK(found("GET", "/v1/zones/a.example/explain", "name=www&type=A").kind == RouteKind::Explain);
  CHECK(found("GET", "/v1/zones/a.example/verify").kind == RouteKind::Verify);
  CHECK(found("POST", "/v1/zones/a.example/freeze", "reason=x").kind == RouteKind::Freeze);
  CHECK(found("POST", "/v1/zones/a.example/thaw").kind == RouteKind::Thaw);
}

TEST_CASE("a zone name may be written in any way") {
  for (const char* text : {"a.example", "a.example.", "A.EXAMPLE", "%61.example", "a%2Eexample%2e"})
    CHECK(found("GET", std::string("/v1/zones/") + text).zone.text() == "a.example.");
  for (const char* path : {"/v1/zones/.", "/v1/zones/%2E", "/v1/zones/%2e", "/v1/zones/./"})
    CHECK(found("GET", path).zone == Name());
  CHECK(found("GET", "/v1/zones/./plans").zone == Name());
  CHECK(found("GET", "/v1/zones/0%2F25.2.0.192.in-addr.arpa").zone.text() == "0/25.2.0.192.in-addr.arpa.");
  CHECK(found("GET", "/v1/zones/x%5C000y").zone.text() == "x\\000y.");
}

TEST_CASE("what is no route is told apart") {
  for (const char* path :
       {"", "/", "/v1", "/v1/", "/v2/status", "/v1/zones", "/v1/zones/", "/v1/zones//plans",
        "/v1/zones/a/dif", "/v1/zones/a/rollback/7", "/v1/zones/a/plans/1/x", "/v1/zones/@"}) {
    CAPTURE(path);
    CHECK(refused("GET", path).status == 404);
  }
  CHECK_THAT(refused("GET", "/v1/zones/a/dif").body, Catch::Contains("/v1/zones/a/dif"));
  CHECK(refused("GET", "/v1/zones/a..b").status == 400);
  CHECK(refused("GET", "/v1/zones/a%2").status == 400);
  CHECK(refused("GET", "/v1/zones/a%zz").status == 400);
  CHECK(refused("GET", "/v1/zones/a/plans/x").status == 400);
  CHECK(refused("GET", "/v1/zones/a/plans/0").status == 400);
  CHECK(refused("GET", "/v1/zones/a/plans/9223372036854775808").status == 400);
}

TEST_CASE("a wrong method is told with the right ones") {
  const HttpResponse response = refused("PATCH", "/v1/zones/a");
  CHECK(response.status == 405);
  REQUIRE(response.headers.size() == 1);
  CHECK(response.headers[0] == std::pair<std::string, std::string>("Allow", "GET, PUT, DELETE"));
  CHECK(refused("GET", "/v1/zones/a/freeze").headers[0].second == "POST");
}

TEST_CASE("parameters are known, or the request is not taken") {
  const HttpResponse unknown = refused("POST", "/v1/zones/a/plans", "dryrun=true");
  CHECK(unknown.status == 400);
  CHECK_THAT(unknown.body, Catch::Contains("dryrun") && Catch::Contains("dry-run"));
  CHECK(refused("POST", "/v1/zones/a/plans", "base=1&base=2").status == 400);
  CHECK(refused("POST", "/v1/zones/a/plans", "reason=%f").status == 400);
  CHECK(refused("GET", "/v1/status", "x").status == 400);

  const Route route =
      found("POST", "/v1/zones/a/plans", "remove=b%2FA&remove=c&reason=a+b%2Bc&&dry-run&base=12");
  CHECK(route.query.all("remove") == std::vector<std::string>{"b/A", "c"});
  CHECK(route.query.find("reason") == "a b+c");
  CHECK(*route.query.flag("dry-run"));
  CHECK(*route.query.number("base", 100) == 12u);
  CHECK(*route.query.number("generation", 100) == std::nullopt);
  CHECK_FALSE(route.query.number("base", 11));
  CHECK_FALSE(route.query.number("reason", 11));
  CHECK_FALSE(route.query.flag("reason"));
}

}  // namespace holdfast
