"""Tables that beritaclass reads: topics, cleaning rules, stems, example articles."""
