import { Component, type ReactNode } from "react";
import { describeError } from "sluice-client/parts";

import { Button } from "./button";
import { ProblemNote } from "./problem-note";

interface FaultBoundaryProps {
  children: ReactNode;
}

interface FaultBoundaryState {
  fault: { thrown: unknown } | null;
}

/** Shows an error of the components below in their place; without it React takes the whole page away. */
export class FaultBoundary extends Component<FaultBoundaryProps, FaultBoundaryState> {
  override state: FaultBoundaryState = { fault: null };

  static getDerivedStateFromError(thrown: unknown): FaultBoundaryState {
    return { fault: { thrown } };
  }

  override render() {
    const { fault } = this.state;
    if (!fault) return this.props.children;
    return (
      <ProblemNote problem={describeError(fault.thrown)}>
        <div>
          <Button isSmall onClick={() => this.setState({ fault: null })}>
            Try again
          </Button>
        </div>
      </ProblemNote>
    );
  }
}
