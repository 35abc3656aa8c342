// A shared object that is no plugin.
extern "C" int holdfast_not_a_plugin() {
  return 0;
}
