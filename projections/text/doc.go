// Package text has the normal forms in which texts are compared, found and put
// in order: the folded form (Fold), the bigrams of an index (Grams), the marks
// of a hit (Snippet), pinyin, and the masked forms of personal data.
//
// Read Fold first. Whatever matches Chinese text in a read model does it by
// these forms, so that a name is found everywhere or nowhere.
package text
