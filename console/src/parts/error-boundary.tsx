/** A fault of ours in one page says so and leaves the rest of the console standing. */
import { Component, type ReactNode } from "react";
import { Failing } from "./states";

type Props = { children: ReactNode };

export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    // A deploy removes the old modules; a page opened before it must fetch the new ones.
    return <Failing error={this.state.error} again={() => location.reload()} />;
  }
}
