import type { Problem } from "./problem.js";
import { allocate, type Allocate } from "./problems/allocate.js";
import { branchTarget, type BranchTarget } from "./problems/branch-target.js";
import { chooseNode, type ChooseNode } from "./problems/choose-node.js";
import { commitIndex, type CommitIndex } from "./problems/commit-index.js";
import { instancesThatFit, type InstancesThatFit } from "./problems/instances-that-fit.js";
import { replicas, type Replicas } from "./problems/replicas.js";
import { stepsAgain, type StepsAgain } from "./problems/steps-again.js";
import { ruleShares, type RuleShares } from "./problems/rule-shares.js";
import { thinLocate, type ThinLocate } from "./problems/thin-locate.js";
import { visibleFiles, type VisibleFiles } from "./problems/visible-files.js";

/** What each of the course's programming exercises asks for: notebook's number and name → the function. */
export interface Solutions {
  readonly "10-branch": BranchTarget;
  readonly "12-thin": ThinLocate;
  readonly "20-allocate": Allocate;
  readonly "41-fit": InstancesThatFit;
  readonly "50-again": StepsAgain;
  readonly "51-visible": VisibleFiles;
  readonly "80-replicas": Replicas;
  readonly "81-schedule": ChooseNode;
  readonly "82-commit": CommitIndex;
  readonly "83-rules": RuleShares;
}

/** The course's programming exercises. */
export type Problems = { readonly [K in keyof Solutions]: Problem<Solutions[K]> };

export const problems: Problems = {
  "10-branch": branchTarget,
  "12-thin": thinLocate,
  "20-allocate": allocate,
  "41-fit": instancesThatFit,
  "50-again": stepsAgain,
  "51-visible": visibleFiles,
  "80-replicas": replicas,
  "81-schedule": chooseNode,
  "82-commit": commitIndex,
  "83-rules": ruleShares,
};
