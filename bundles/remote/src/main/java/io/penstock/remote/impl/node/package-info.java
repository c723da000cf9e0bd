// SPDX-License-Identifier: Apache-2.0
/** A container's part in a registry, and how a name is connected to. */
@NullMarked
package io.penstock.remote.impl.node;

import org.jspecify.annotations.NullMarked;
