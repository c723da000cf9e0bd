// SPDX-License-Identifier: Apache-2.0
package io.penstock.snippets;

import io.penstock.pipe.Pipe;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** A component that gets one of the pipes of docs/examples/run. */
@Component(service = Requests.class)
public class Requests {
  // snippet: run.reference
  @Reference(target = "(penstock.name=requests)")
  Pipe requests;
  // end of snippet
}
