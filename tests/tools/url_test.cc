#include "tools/zonectl/url.h"

#include <catch2/catch.hpp>

using namespace holdfast::zonectl;

TEST_CASE("zones in paths") {
  CHECK(zonePath("us-east-1.example.net.") == "/v1/zones/us-east-1.example.net.");
  CHECK(zonePath("example.net", "/plans") == "/v1/zones/example.net/plans");
  CHECK(zonePath(".") == "/v1/zones/%2E");
  CHECK(zonePath("..") == "/v1/zones/%2E%2E");
  CHECK(zonePath("a/b?c#d%e\\046.example") == "/v1/zones/a%2Fb%3Fc%23d%25e%5C046.example");
}

TEST_CASE("query parameters") {
  CHECK(Target("/p").text() == "/p");
  CHECK(Target("/p").with("reason", "too hot & loud").with("remove", "a/AAAA").text() ==
        "/p?reason=too%20hot%20%26%20loud&remove=a%2FAAAA");
  CHECK(Target("/p").withText("source", "").withText("allow", "floor:*.x").text() ==
        "/p?allow=floor%3A%2A.x");
}
