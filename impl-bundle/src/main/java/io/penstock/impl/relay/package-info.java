// SPDX-License-Identifier: Apache-2.0
/**
 * Copying between channels. Driven by readiness on the workers: a relay that waits costs no thread.
 * Knows no kind; what it needs to know of a channel it asks of its capabilities.
 */
@NullMarked
package io.penstock.impl.relay;

import org.jspecify.annotations.NullMarked;
