#include "tools/zonectl/text_table.h"

#include <catch2/catch.hpp>

using namespace holdfast::zonectl;

TEST_CASE("columns line up, whatever the characters") {
  TextTable table({"NAME", ">N", "WHAT"});
  table.row({"a", "1", "x"});
  table.row({"größer", "1000", {"4 → 3", Colour::Yellow}});
  table.note("a note");
  table.row({"b"});
  CHECK(table.text(Palette(false)) ==
        "NAME       N  WHAT\n"
        "a          1  x\n"
        "größer  1000  4 → 3\n"
        "    a note\n"
        "b\n");
}

TEST_CASE("a table that is too wide goes on below its long cells") {
  TextTable table({"NAME", ">N", "WHAT", "LAST"});
  table.row({"short", "1", "x", "y"});
  table.row({"a-very-long-name.example.", "22", "x", "words that do not fit"});
  table.note("words that are wrapped");
  CHECK(table.text(Palette(false, 26)) ==
        "NAME      N  WHAT  LAST\n"
        "short     1  x     y\n"
        "a-very-long-name.example.\n"
        "         22  x\n"
        "    words that do not fit\n"
        "    words that are wrapped\n");
}

TEST_CASE("colours take no columns and appear only where wanted") {
  TextTable table({"A", "B"});
  table.row({{"red", Colour::Red}, "x"});
  CHECK(table.text(Palette(true)) == "\033[1mA\033[0m    \033[1mB\033[0m\n\033[31mred\033[0m  x\n");
  CHECK(table.text(Palette(false)) == "A    B\nred  x\n");
}

TEST_CASE("what others wrote cannot drive the terminal") {
  CHECK(printable("a\033[2Jb\nc\x7f") == "a?[2Jb c?");
  CHECK(printable("\xC2\x9B"
                  "31m ü") == "?31m ü");
  CHECK(columnsOf("ü→x") == 3);
}
