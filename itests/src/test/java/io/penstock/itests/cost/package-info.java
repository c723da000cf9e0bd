// SPDX-License-Identifier: Apache-2.0
/** What a container costs with and without what operators install. */
package io.penstock.itests.cost;
