// Package cpumodel knows named processor models: which features each has, which one comes nearest to a
// processor, and whether one processor can stand in for another. What is known of x86 is in two
// text files of facts, read at first use:
//
//	x86_features.txt   the features, and where CPUID or an MSR shows each
//	x86_models.txt     the models, as changes to other models
//
// Features are bits of a Set, so that models are compared by a few machine words.
package cpumodel
